// Types of the DSL: key and value follow each step. The compiler checks them;
// `tsc -p .` fails where they are wrong.
import { describe, expect, expectTypeOf, test } from 'vitest';
import type { Duplicate } from '../operators/dedupe.ts';
import type { Change, Windowed } from '../api/record.ts';
import { bytesSerde, jsonSerde, numberSerde, stringSerde } from '../api/serde.ts';
import type { Serde } from '../api/serde.ts';
import type { StoreSpec } from '../api/stores.ts';
import type { ProcessorContext } from '../api/processor.ts';
import type { KGroupedStream } from './grouped-stream.ts';
import type { TimeWindowedKStream } from './time-windowed-stream.ts';
import type { KGroupedTable } from './grouped-table.ts';
import type { SessionWindowedKStream } from './session-windowed-stream.ts';
import type { StatefulStream } from './stateful-stream.ts';
import type { KStream } from './stream.ts';
import { StreamsBuilder } from './streams-builder.ts';
import type { KTable } from './table.ts';
import type { CogroupedKStream } from './cogrouped-stream.ts';
import { untilTimeLimit, untilWindowCloses } from './suppressed.ts';
import { hopping, sessions, tumbling } from './windows.ts';

interface Click {
  page: string;
  ms: number;
}

const clicks = { key: stringSerde, value: jsonSerde<Click>() };

function clickStream(): KStream<string, Click> {
  return new StreamsBuilder().stream('clicks', clicks);
}

function clickTable(): KTable<string, Click> {
  return new StreamsBuilder().table('clicks', clicks);
}

function isSlow({ ms }: Click): boolean {
  return ms > 1000;
}

function zero(): number {
  return 0;
}

function noop(): { process(): void } {
  return { process() {} };
}

const windows = tumbling({ size: '1m', grace: 0 });

describe('a stream', () => {
  test('has the types of its serdes', () => {
    expectTypeOf(clickStream()).toEqualTypeOf<KStream<string, Click>>();
    expectTypeOf(
      new StreamsBuilder().stream(['a', 'b'], { key: bytesSerde, value: numberSerde }),
    ).toEqualTypeOf<KStream<Buffer, number>>();
    expectTypeOf(
      new StreamsBuilder().stream('a', { ...clicks, timestamp: (click) => click.ms }),
    ).toEqualTypeOf<KStream<string, Click>>();
  });

  test('keeps its types through steps that only look', () => {
    const stream = clickStream();
    expectTypeOf(stream.filter((value, key) => value.ms > key.length)).toEqualTypeOf<
      KStream<string, Click>
    >();
    expectTypeOf(stream.filterNot(({ page }) => page === '')).toEqualTypeOf<KStream<string, Click>>();
    expectTypeOf(stream.peek(() => {})).toEqualTypeOf<KStream<string, Click>>();
    expectTypeOf(stream.merge(clickStream())).toEqualTypeOf<KStream<string, Click>>();
    expectTypeOf(stream.dedupe({ by: ({ page }) => page, within: '1h' })).toEqualTypeOf<
      StatefulStream<string, Click>
    >();
    expectTypeOf(stream.repartition()).toEqualTypeOf<KStream<string, Click>>();
    expectTypeOf(stream.foreach(() => {})).toEqualTypeOf<void>();
  });

  test('takes the types of what its steps make', () => {
    const stream = clickStream();
    expectTypeOf(stream.map((key, click) => [click.ms, key])).toEqualTypeOf<KStream<number, string>>();
    expectTypeOf(stream.mapValues((click) => click.ms)).toEqualTypeOf<KStream<string, number>>();
    expectTypeOf(stream.flatMap((key, click) => [[click.ms, key] as const])).toEqualTypeOf<
      KStream<number, string>
    >();
    expectTypeOf(stream.flatMapValues((click) => [click.ms])).toEqualTypeOf<KStream<string, number>>();
    expectTypeOf(stream.selectKey((_key, click) => click.ms)).toEqualTypeOf<KStream<number, Click>>();
    expectTypeOf(stream.output<number>('late')).toEqualTypeOf<KStream<string, number>>();
  });

  test('gives its processors its types, and takes theirs', () => {
    const stream = clickStream();
    const processed = stream.process<number, boolean>(() => {
      let context: ProcessorContext<number, boolean>;
      return {
        init(given) {
          expectTypeOf(given).toEqualTypeOf<ProcessorContext<number, boolean>>();
          context = given;
        },
        process(record) {
          expectTypeOf(record.key).toEqualTypeOf<string>();
          expectTypeOf(record.value).toEqualTypeOf<Click>();
          context.forward({ ...record, key: 1, value: true });
        },
      };
    });
    expectTypeOf(processed).toEqualTypeOf<KStream<number, boolean>>();
    const values = stream.processValues<boolean>(() => ({ process() {} }));
    expectTypeOf(values).toEqualTypeOf<KStream<string, boolean>>();
  });

  test('gives its branches its types, by name', () => {
    const branches = clickStream()
      .split()
      .branch('slow', ({ ms }) => ms > 1000)
      .branch('fast', ({ ms }) => ms < 10);
    const all = branches.defaultBranch('rest');
    expectTypeOf(all.slow).toEqualTypeOf<KStream<string, Click>>();
    expectTypeOf(all.rest).toEqualTypeOf<KStream<string, Click>>();
    expectTypeOf<keyof typeof all>().toEqualTypeOf<'slow' | 'fast' | 'rest'>();
    const named = clickStream()
      .split()
      .branch('one', () => true)
      .noDefaultBranch();
    expectTypeOf<keyof typeof named>().toEqualTypeOf<'one'>();
  });

  test('types its side outputs', () => {
    clickStream().dedupe({
      by: ({ page }) => page,
      within: '1h',
      onDuplicate: (duplicates) =>
        expectTypeOf(duplicates).toEqualTypeOf<KStream<string, Duplicate<Click>>>(),
    });
    clickStream()
      .groupByKey()
      .windowedBy(windows)
      .count({ onLate: (late) => expectTypeOf(late).toEqualTypeOf<KStream<string, Click>>() });
    expect(true).toBe(true);
  });
});

describe('groups', () => {
  test('have the types of the stream, under their key', () => {
    const stream = clickStream();
    expectTypeOf(stream.groupByKey()).toEqualTypeOf<KGroupedStream<string, Click>>();
    expectTypeOf(stream.groupBy((_key, { ms }) => ms, { key: numberSerde })).toEqualTypeOf<
      KGroupedStream<number, Click>
    >();
    expectTypeOf(stream.groupByKey().windowedBy(windows)).toEqualTypeOf<TimeWindowedKStream<string, Click>>();
    const inSessions = stream.groupByKey().windowedBy(sessions({ gap: '5m', grace: 0 }));
    expectTypeOf(inSessions).toEqualTypeOf<SessionWindowedKStream<string, Click>>();
    expectTypeOf(inSessions.count()).toEqualTypeOf<KTable<Windowed<string>, number>>();
    expectTypeOf(inSessions.reduce((a) => a)).toEqualTypeOf<KTable<Windowed<string>, Click>>();
    expectTypeOf(stream.toTable()).toEqualTypeOf<KTable<string, Click>>();
  });

  test('are aggregated together', () => {
    const numbers = new StreamsBuilder().stream('n', { key: stringSerde, value: numberSerde });
    const streams = clickStream()
      .groupByKey()
      .cogroup<number>((_key, { ms }, sum) => sum + ms)
      .cogroup(numbers.groupByKey(), (_key, more, sum) => sum + more);
    expectTypeOf(streams).toEqualTypeOf<CogroupedKStream<string, number, Click | number>>();
    streams.windowedBy(windows).aggregate(() => 0, {
      value: numberSerde,
      onLate: (late) => expectTypeOf(late).toEqualTypeOf<KStream<string, Click | number>>(),
    });
    const all = streams.aggregate(() => 0, { value: numberSerde });
    expectTypeOf(all).toEqualTypeOf<KTable<string, number>>();
    const inSessions = streams.windowedBy(sessions({ gap: 1, grace: 0 }));
    const merged = inSessions.aggregate(
      () => 0,
      (_key, earlier, later) => earlier + later,
      { value: numberSerde },
    );
    expectTypeOf(merged).toEqualTypeOf<KTable<Windowed<string>, number>>();
  });

  test('are suppressed until windows close only where they have any', () => {
    const counts = clickStream().groupByKey().windowedBy(windows).count();
    expectTypeOf(counts.suppress(untilWindowCloses())).toEqualTypeOf<KTable<Windowed<string>, number>>();
    const table = clickStream().groupByKey().count();
    expectTypeOf(table.suppress(untilTimeLimit('1m'))).toEqualTypeOf<KTable<string, number>>();
    // @ts-expect-error its keys are not windowed
    expect(() => table.suppress(untilWindowCloses())).toThrow('windows whose grace is known');
  });

  test('become tables of their results', () => {
    const grouped = clickStream().groupByKey();
    expectTypeOf(grouped.count()).toEqualTypeOf<KTable<string, number>>();
    expectTypeOf(grouped.reduce((a, b) => (a.ms > b.ms ? a : b))).toEqualTypeOf<KTable<string, Click>>();
    const pages = grouped.aggregate(
      () => new Array<string>(),
      (key, click, list) => [...list, key, click.page],
      { value: jsonSerde<string[]>() },
    );
    expectTypeOf(pages).toEqualTypeOf<KTable<string, string[]>>();
  });

  test('by window become tables with windowed keys', () => {
    const grouped = clickStream()
      .groupByKey()
      .windowedBy(hopping({ size: '5m', advance: '1m', grace: 0 }));
    expectTypeOf(grouped.count()).toEqualTypeOf<KTable<Windowed<string>, number>>();
    expectTypeOf(grouped.reduce((a) => a)).toEqualTypeOf<KTable<Windowed<string>, Click>>();
    const sum = grouped.aggregate(
      () => 0,
      (_key, { ms }, all) => all + ms,
      { value: numberSerde },
    );
    expectTypeOf(sum).toEqualTypeOf<KTable<Windowed<string>, number>>();
    expectTypeOf(sum.toStream().map(({ key, start }, value) => [`${key}@${start}`, value])).toEqualTypeOf<
      KStream<string, number | undefined>
    >();
  });
});

describe('a table', () => {
  test('types its steps', () => {
    const table = clickTable();
    expectTypeOf(table.filter(({ ms }) => ms > 0)).toEqualTypeOf<KTable<string, Click>>();
    expectTypeOf(table.mapValues(({ ms }) => ms)).toEqualTypeOf<KTable<string, number>>();
    expectTypeOf(table.toStream()).toEqualTypeOf<KStream<string, Click | undefined>>();
    const grouped = table.groupBy((key, { ms }) => [ms, key], { key: numberSerde, value: stringSerde });
    expectTypeOf(grouped).toEqualTypeOf<KGroupedTable<number, string>>();
    expectTypeOf(grouped.count()).toEqualTypeOf<KTable<number, number>>();
  });
});

describe('mistakes', () => {
  // Each line is a mistake that the compiler must find; none of it runs.
  function mistakes(builder: StreamsBuilder, store: StoreSpec): void {
    const stream = builder.stream('a', clicks);
    const grouped = stream.groupByKey();
    const { one } = stream.split().branch('one', isSlow).noDefaultBranch();
    // @ts-expect-error -- a click has no such field
    one.filter((click) => click.url === '');
    // @ts-expect-error -- the values are clicks, not strings
    stream.to('out', { value: stringSerde });
    // @ts-expect-error -- the key of the other stream is a number
    stream.merge(builder.stream('b', { key: numberSerde, value: clicks.value }));
    // @ts-expect-error -- a pair is wanted
    stream.map((key) => key);
    // @ts-expect-error -- how the aggregate is written must be said
    grouped.aggregate(zero, (_key, _click, sum) => sum + 1);
    const wrong = { value: stringSerde };
    // @ts-expect-error -- the serde is not that of the aggregate
    grouped.aggregate<number>(zero, (_key, _click, sum) => sum, wrong);
    // @ts-expect-error -- a window needs a grace
    tumbling({ size: '1m' });
    // @ts-expect-error -- years are no unit
    tumbling({ size: '1y', grace: 0 });
    const branches = stream.split().branch('one', isSlow).noDefaultBranch();
    // @ts-expect-error -- no such branch
    branches.two.foreach(() => {});
    const counts = grouped.windowedBy(windows).count().toStream();
    // @ts-expect-error -- a windowed key is not a string
    counts.to('out', { key: stringSerde });
    const text = { key: '', value: '', timestamp: 0, headers: [] };
    // @ts-expect-error -- forwards a text where it promised numbers
    stream.process<string, number>(() => ({ init: (c) => c.forward(text), process() {} }));
    // @ts-expect-error -- a store is declared by its spec or name
    stream.process(noop, { stores: [store.changelog] });
  }

  test('are found by the compiler', () => {
    expect(mistakes).toBeTypeOf('function');
  });

  test('a change and a serde keep their types', () => {
    expectTypeOf<Change<number>['newValue']>().toEqualTypeOf<number | undefined>();
    expectTypeOf(jsonSerde((value) => String(value))).toEqualTypeOf<Serde<string>>();
  });
});

describe('windows', () => {
  test.each<[string, () => unknown, string]>([
    ['no size', () => tumbling({ size: 0, grace: 0 }), "a window's size must be at least 1 ms, not 0"],
    [
      'no advance',
      () => hopping({ size: 10, advance: 0, grace: 0 }),
      'a window must advance by 1 to 10 ms, not 0',
    ],
    [
      'gaps',
      () => hopping({ size: 10, advance: 11, grace: 0 }),
      'a window must advance by 1 to 10 ms, not 11',
    ],
    ['a negative grace', () => tumbling({ size: 10, grace: -1 }), '-1 is not a duration'],
  ])('with %s are refused', (_what, make, message) => {
    expect(make).toThrowError(message);
  });

  test('are plain data', () => {
    expect(tumbling({ size: '1m', grace: '10s' })).toEqual({
      sizeMs: 60_000,
      advanceMs: 60_000,
      graceMs: 10_000,
    });
    expect(hopping({ size: '5m', advance: '1m', grace: 0 })).toEqual({
      sizeMs: 300_000,
      advanceMs: 60_000,
      graceMs: 0,
    });
  });
});
