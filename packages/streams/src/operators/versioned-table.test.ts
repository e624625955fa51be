// Versioned tables: which row a key had when, and joins of streams with the rows of their time.
import * as fc from 'fast-check';
import { checkProperty } from '@activity/kafka/testing';
import { describe, expect, test } from 'vitest';
import { bytesSerde, stringSerde } from '../api/serde.ts';
import type { KeyValueStore, TimelineStore } from '../api/stores.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { TopologyTestDriver } from '../testing/topology-test-driver.ts';
import { describeJoins, plus } from '../testing-support/join-cases.ts';
import { build, minute, strings } from '../testing-support/oracles.ts';
import { VersionedRows, type Version } from './versioned-rows.ts';

const history = { historyRetention: 100 };

describeJoins('joins of a stream with a versioned table', [
  {
    name: 'join takes the row of the record’s time, as far back as rows are kept',
    declare: (b) =>
      b
        .stream('a', strings)
        .join(b.table('b', strings, history), plus)
        .to('out', strings),
    input: [
      ['b', 'k', 'one', 100],
      ['b', 'k', 'two', 150],
      ['a', 'k', 'a1', 149],
      ['a', 'k', 'a2', 150],
      ['a', 'k', 'a3', 99],
      ['b', 'k', 'between', 120],
      ['a', 'k', 'a4', 130],
      ['b', 'k', undefined, 200],
      ['a', 'k', 'a5', 199],
      ['a', 'k', 'a6', 200],
      ['b', 'other', 'x', 260],
      ['a', 'k', 'a7', 159],
      ['b', 'k', 'too old', 159],
      ['a', 'k', 'a8', 160],
    ],
    output: [
      ['k', 'a1+one', 149],
      ['k', 'a2+two', 150],
      ['k', 'a4+between', 130],
      ['k', 'a5+two', 199],
      ['k', 'a8+two', 160],
    ],
    late: 1,
  },
  {
    name: 'a stream becomes a versioned table, through a repartition topic too',
    declare: (b) => {
      const table = b
        .stream('b', strings)
        .selectKey((_key, value) => value.charAt(0), { key: stringSerde })
        .toTable(history);
      b.stream('a', strings).join(table, plus, { grace: 50 }).to('out', strings);
    },
    input: [
      ['b', 'any', 'k1', 100],
      ['b', 'any', 'k2', 150],
      ['a', 'k', 'a1', 149],
      ['b', 'any', 'k3', 120],
      ['a', 'k', 'a2', 200],
    ],
    output: [['k', 'a1+k3', 149]],
  },
  {
    name: 'the newest row is kept however old it is, and is read through filters and maps',
    declare: (b) => {
      const table = b
        .table('b', strings, history)
        .filter((value) => value !== 'hidden')
        .mapValues((value) => `<${value}>`);
      b.stream('a', strings).leftJoin(table, plus).to('out', strings);
    },
    input: [
      ['b', 'k', 'one', 100],
      ['b', 'other', 'hidden', 10_000],
      ['a', 'k', 'a1', 5_000],
      ['a', 'k', 'a2', 99],
      ['a', 'other', 'a3', 10_000],
    ],
    output: [
      ['k', 'a1+<one>', 5_000],
      ['k', 'a2+-', 99],
      ['other', 'a3+-', 10_000],
    ],
  },
  {
    name: 'with a grace, records wait for rows that come late, and come out in the order of time, key and arrival',
    declare: (b) =>
      b
        .stream('a', strings)
        .leftJoin(b.table('b', strings, history), plus, { grace: 10 })
        .to('out', strings),
    input: [
      ['a', 'l', 'a1', 100],
      ['a', 'k', 'a2', 100],
      ['a', 'k', 'a3', 100],
      ['a', 'k', 'a4', 95],
      ['b', 'k', 'one', 98],
      ['a', 'k', 'a5', 89],
      ['a', undefined, 'a6', 100],
      ['a', 'm', 'a7', 110],
    ],
    output: [
      ['k', 'a5+-', 89],
      [undefined, 'a6+-', 100],
      ['k', 'a4+-', 95],
      ['k', 'a2+one', 100],
      ['k', 'a3+one', 100],
      ['l', 'a1+-', 100],
    ],
  },
  {
    name: 'a change of an earlier row changes no join of tables',
    declare: (b) =>
      b.table('a', strings, history).join(b.table('b', strings), plus).toStream().to('out', strings),
    input: [
      ['b', 'k', 'b1', 100],
      ['a', 'k', 'a1', 100],
      ['a', 'k', 'earlier', 50],
    ],
    output: [['k', 'a1+b1', 100]],
    dropped: ['out-of-order'],
  },
]);

test('a grace needs a table that keeps its rows as long', () => {
  const builder = new StreamsBuilder();
  const stream = builder.stream('a', strings);
  const message = 'pass { historyRetention: … } to table()';
  expect(() => stream.join(builder.table('b', strings), plus, { grace: 10 })).toThrow(message);
  expect(() => stream.join(builder.table('c', strings, history), plus, { grace: 101 })).toThrow(message);
});

test('versions, and what waits for them, are there after a crash', () => {
  const bytes = { key: bytesSerde, value: bytesSerde };
  const topology = build((builder) => {
    const table = builder.table('b', bytes, history);
    builder
      .stream('a', bytes)
      .join(table, (a, b): Buffer => Buffer.concat([a, b]), { grace: 10 })
      .to('out', bytes);
  });
  const driver = new TopologyTestDriver(topology);
  const [key, header] = [Buffer.from([0, 255]), { key: 'h', value: Buffer.from([254]) }];
  driver.input('b', bytes).pipe(key, Buffer.from([1]), 50);
  driver.input('b', bytes).pipe(key, Buffer.from([2]), 120);
  driver.input('a', bytes).pipe(key, Buffer.from([9]), 60, { headers: [header] });
  driver.crash();
  driver.input('a', bytes).pipe(key, Buffer.from([8]), 130);
  driver.crash();
  driver.input('a', bytes).pipe(key, Buffer.from([7]), 140);
  const out = driver.output('out', bytes).readAll();
  expect(out.map(({ value, timestamp, headers }) => [[...(value ?? [])], timestamp, headers])).toEqual([
    [[9, 1], 60, [header]],
    [[8, 2], 130, []],
  ]);
});

describe('the rows of a versioned table', () => {
  const text = stringSerde;

  /** The stores of a table, as a step has them, of a driver whose topology has one. */
  function storesOf(): { rows: VersionedRows<string, string>; driver: TopologyTestDriver } {
    let latest: KeyValueStore<string, string> | undefined;
    let earlier: TimelineStore<string, Version<string>> | undefined;
    const builder = new StreamsBuilder();
    builder.table('b', { key: text, value: text }, { store: 'rows', historyRetention: '10m' });
    builder.stream('a', { key: text, value: text }).process(
      () => ({
        init(context) {
          latest = context.keyValueStore('rows');
          earlier = context.timelineStore('rows-history');
        },
        process() {},
      }),
      { stores: ['rows', 'rows-history'] },
    );
    const driver = new TopologyTestDriver(builder.build());
    if (!latest || !earlier) throw new Error('the step was not opened');
    return { rows: new VersionedRows(latest, earlier, 10 * minute), driver };
  }

  test('are those of a list of all versions, whatever their order', () => {
    const put = fc.record({
      time: fc.nat(40 * minute),
      value: fc.option(fc.constantFrom('x', 'y', 'z'), { nil: undefined, freq: 4 }),
    });
    checkProperty(
      fc.property(fc.uniqueArray(put, { selector: ({ time }) => time, maxLength: 15 }), (puts) => {
        const { rows, driver } = storesOf();
        const kept = new Map<number, string | undefined>();
        let observed = -1;
        for (const { time, value } of puts) {
          if (time >= observed - 10 * minute) kept.set(time, value);
          observed = Math.max(observed, time);
          rows.put('k', value, time);
          if (time % 3 === 0) driver.commit();
          const newest = [...kept].toSorted(([a], [b]) => b - a)[0];
          const latest =
            newest && newest[1] !== undefined ? { value: newest[1], timestamp: newest[0] } : undefined;
          expect(rows.get('k')).toEqual(latest);
          const times = [...kept.keys()].flatMap((at) => [at - 1, at, at + 1]);
          for (const at of times.filter((one) => one >= Math.max(0, observed - 10 * minute))) {
            const found = [...kept].filter(([from]) => from <= at).toSorted(([a], [b]) => b - a)[0];
            const row =
              found && found[1] !== undefined ? { value: found[1], timestamp: found[0] } : undefined;
            expect(rows.getAsOf('k', at), `at ${at}`).toEqual(row);
          }
        }
      }),
    );
  });
});
