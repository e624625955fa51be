// As exactly-once.test.ts: suppressed tables and cogrouped streams against naive oracles.
import * as fc from 'fast-check';
import { describe, test } from 'vitest';
import { checkProperty } from '@activity/kafka/testing';
import { jsonSerde, stringSerde } from '../api/serde.ts';
import type { CogroupedKStream } from '../dsl/cogrouped-stream.ts';
import type { StreamsBuilder } from '../dsl/streams-builder.ts';
import { untilTimeLimit, untilWindowCloses } from '../dsl/suppressed.ts';
import { sessions, tumbling } from '../dsl/windows.ts';
import { histories, type Input, type Out } from '../testing-support/faults.ts';
import {
  besideItsSource,
  build,
  expectExactly,
  strings,
  word,
  type Expected,
} from '../testing-support/oracles.ts';

const out = { value: jsonSerde<never>(), ...besideItsSource };
const timestamp = fc.nat(90);
const row: fc.Arbitrary<string | undefined> = fc.option(word, { nil: undefined, freq: 4 });

interface Waiting<V> {
  key: string;
  name: string;
  time: number;
  value: V;
  timestamp: number;
}

function byTimeAndKey(a: Waiting<unknown>, b: Waiting<unknown>): number {
  return a.time - b.time || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key));
}

/** Takes out of a list what is due, or over its bounds, first what has waited longest. */
function release<V>(waiting: Waiting<V>[], due: number, max: number): Out<V>[] {
  const given: Out<V>[] = [];
  for (;;) {
    waiting.sort(byTimeAndKey);
    const [first] = waiting;
    if (!first || (first.time > due && waiting.length <= max)) return given;
    waiting.shift();
    given.push([first.name, first.value, first.timestamp]);
  }
}

describe('suppress', () => {
  test('until a time limit, in a buffer of a few records', () => {
    checkProperty(
      fc.property(
        histories({ value: row, timestamp }),
        fc.nat(40),
        fc.constantFrom(0, 1, 2, 100),
        (history, limit, maxRecords) => {
          const topology = build((builder) =>
            builder
              .table('in', strings)
              .suppress(untilTimeLimit(limit, { maxRecords }))
              .toStream()
              .to('out', out),
          );
          expectExactly(topology, history, (records) => {
            const waiting: Waiting<string | undefined>[] = [];
            let streamTime = 0;
            const given = records.flatMap(({ key, value, timestamp: time }) => {
              streamTime = Math.max(streamTime, time);
              const own = waiting.find((one) => one.key === key);
              if (own) Object.assign(own, { value, timestamp: time });
              else waiting.push({ key, name: key, time, value, timestamp: time });
              return release(waiting, streamTime - limit, maxRecords);
            });
            return { out: given };
          });
        },
      ),
    );
  });

  test('until windows close: each window once, and every record that is not late in it', () => {
    checkProperty(
      fc.property(
        histories({ value: word, timestamp }),
        fc.integer({ min: 1, max: 20 }),
        fc.nat(20),
        (history, size, grace) => {
          const topology = build((builder) =>
            builder
              .stream('in', strings)
              .groupByKey()
              .windowedBy(tumbling({ size, grace }))
              .reduce((old, value) => old + value)
              .suppress(untilWindowCloses())
              .toStream()
              .to('out', out),
          );
          expectExactly(topology, history, (records) => {
            const waiting: Waiting<string>[] = [];
            let streamTime = 0;
            const given = records.flatMap(({ key, value, timestamp: time }) => {
              streamTime = Math.max(streamTime, time);
              const start = Math.floor(time / size) * size;
              const end = start + size;
              if (end <= streamTime - grace) return [];
              const own = waiting.find((one) => one.key === key && one.time === end);
              if (own) {
                own.value += value;
                own.timestamp = Math.max(own.timestamp, time);
              } else {
                waiting.push({ key, name: `${key}@${start}`, time: end, value, timestamp: time });
              }
              return release(waiting, streamTime - grace, Infinity);
            });
            return { out: given };
          });
        },
      ),
    );
  });
});

describe('cogroup', () => {
  function cogrouped(builder: StreamsBuilder): CogroupedKStream<string, string, string> {
    const more = builder.stream('more', strings).groupByKey();
    return builder
      .stream('in', strings)
      .groupByKey()
      .cogroup<string>((_key, value, all) => all + value)
      .cogroup(more, (_key, value, all) => `${all}[${value}]`);
  }

  const textOf = ({ topic, value }: Input<string>): string => (topic === 'in' ? value : `[${value}]`);
  const both = { value: word, topics: ['in', 'more'], maxPartitions: 1 };

  // A task takes the smallest event time first of what has come, so times that only grow keep their order.
  const growing = <V>(history: { partitions: number; events: readonly (Input<V> | string)[] }): void => {
    let time = 0;
    for (const event of history.events)
      if (typeof event !== 'string') event.timestamp = time += (event.timestamp % 7) + 1;
  };

  test('two streams into one aggregate', () => {
    checkProperty(
      fc.property(histories(both), (history) => {
        growing(history);
        const topology = build((builder) =>
          cogrouped(builder)
            .aggregate(() => '', { value: stringSerde })
            .toStream()
            .to('out', out),
        );
        expectExactly(topology, history, (records): Expected => {
          const texts = new Map<string, string>();
          const results = records.map((record): Out<string> => {
            const text = (texts.get(record.key) ?? '') + textOf(record);
            texts.set(record.key, text);
            return [record.key, text, record.timestamp];
          });
          return { out: results };
        });
      }),
    );
  });

  test('two streams into windows and into sessions', () => {
    const merge = (_key: string, earlier: string, later: string): string => earlier + later;
    checkProperty(
      fc.property(histories(both), fc.integer({ min: 1, max: 30 }), (history, size) => {
        growing(history);
        const topology = build((builder) => {
          const streams = cogrouped(builder);
          const [windows, gaps] = [tumbling({ size, grace: 5 }), sessions({ gap: size, grace: 5 })];
          const initial = (): string => '';
          streams
            .windowedBy(windows)
            .aggregate(initial, { value: stringSerde })
            .toStream()
            .to('windows', out);
          streams
            .windowedBy(gaps)
            .aggregate(initial, merge, { value: stringSerde })
            .toStream()
            .to('sessions', out);
        });
        expectExactly(topology, history, (records): Expected => {
          const texts = new Map<string, string>();
          const last = new Map<string, { start: number; end: number; text: string }>();
          const expected: { windows: Out<string>[]; sessions: Out<string>[] } = { windows: [], sessions: [] };
          for (const record of records) {
            const { key, timestamp: time } = record;
            const name = `${key}@${Math.floor(time / size) * size}`;
            texts.set(name, (texts.get(name) ?? '') + textOf(record));
            expected.windows.push([name, texts.get(name), time]);
            const open = last.get(key);
            const joins = open && time - open.end <= size;
            if (joins) expected.sessions.push([`${key}@${open.start}/${open.end}`, undefined, open.end]);
            const session = joins
              ? { start: open.start, end: time, text: open.text + textOf(record) }
              : { start: time, end: time, text: textOf(record) };
            last.set(key, session);
            expected.sessions.push([`${key}@${session.start}/${time}`, session.text, time]);
          }
          return { ...expected };
        });
      }),
    );
  });
});
