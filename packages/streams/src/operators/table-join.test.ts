// Joins with tables: what goes in, what comes out, through the real task.
import { expect, test } from 'vitest';
import { numberSerde, stringSerde } from '../api/serde.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { TopologyTestDriver } from '../testing/topology-test-driver.ts';
import { describeJoins, plus } from '../testing-support/join-cases.ts';
import { strings } from '../testing-support/operator-cases.ts';

describeJoins('joins of a stream with a table', [
  {
    name: 'join takes the row of the moment, and drops records without one, without a key or a value',
    declare: (b) => b.stream('a', strings).join(b.table('b', strings), plus).to('out', strings),
    input: [
      ['a', 'k', 'a1', 100],
      ['b', 'k', 'b1', 300],
      ['a', 'k', 'a2', 200],
      ['a', 'k', undefined, 200],
      ['a', undefined, 'a3', 200],
      ['b', 'k', undefined, 400],
      ['a', 'k', 'a4', 500],
    ],
    output: [['k', 'a2+b1', 200]],
    dropped: ['null-key-or-value', 'null-key-or-value'],
  },
  {
    name: 'leftJoin passes on records without a row, and without a key',
    declare: (b) => b.stream('a', strings).leftJoin(b.table('b', strings), plus).to('out', strings),
    input: [
      ['a', 'k', 'a1', 100],
      ['a', undefined, 'a2', 100],
      ['a', 'k', undefined, 100],
    ],
    output: [
      ['k', 'a1+-', 100],
      [undefined, 'a2+-', 100],
    ],
    dropped: ['null-key-or-value'],
  },
  {
    name: 'leftJoin takes records without a key from a repartition topic',
    declare: (b) =>
      b.stream('a', strings).repartition().leftJoin(b.table('b', strings), plus).to('out', strings),
    input: [['a', undefined, 'a1', 100]],
    output: [[undefined, 'a1+-', 100]],
  },
  {
    name: 'a table that was filtered and mapped is read as it is now',
    declare: (b) => {
      const table = b
        .table('b', strings)
        .filter((value) => value !== 'hidden')
        .mapValues((value, key) => `${key}:${value}`);
      b.stream('a', strings).leftJoin(table, plus).to('out', strings);
    },
    input: [
      ['b', 'k', 'b1', 100],
      ['a', 'k', 'a1', 100],
      ['b', 'k', 'hidden', 100],
      ['a', 'k', 'a2', 100],
    ],
    output: [
      ['k', 'a1+k:b1', 100],
      ['k', 'a2+-', 100],
    ],
  },
  {
    name: 'a stream whose key was changed meets the rows of its new key',
    declare: (b) =>
      b
        .stream('a', strings)
        .selectKey((_key, value) => value, { key: stringSerde })
        .join(b.table('b', strings), plus)
        .to('out', strings),
    input: [
      ['b', 'x', 'b1', 100],
      ['a', 'k', 'x', 100],
    ],
    output: [['x', 'x+b1', 100]],
  },
]);

describeJoins('joins of a stream with a global table', [
  {
    name: 'join takes the row of a key of the record’s own, and keeps the key of the record',
    declare: (b) => {
      const rows = b.globalTable('b', strings);
      b.stream('a', strings)
        .join(rows, (_key, value) => (value === 'none' ? undefined : value), plus)
        .to('out', strings);
    },
    input: [
      ['b', 'x', 'b1', 300],
      ['a', 'k', 'x', 100],
      ['a', 'k', 'y', 100],
      ['a', 'k', 'none', 100],
      ['a', 'k', undefined, 100],
      ['a', undefined, 'x', 100],
    ],
    output: [
      ['k', 'x+b1', 100],
      [undefined, 'x+b1', 100],
    ],
    dropped: ['null-key-or-value', 'null-key-or-value'],
  },
  {
    name: 'leftJoin passes on records without a row, and without a key for it',
    declare: (b) => {
      const rows = b.globalTable('b', strings);
      b.stream('a', strings)
        .leftJoin(rows, (_key, value) => (value === 'none' ? null : value), plus)
        .to('out', strings);
    },
    input: [
      ['a', 'k', 'y', 100],
      ['a', 'k', 'none', 100],
    ],
    output: [
      ['k', 'y+-', 100],
      ['k', 'none+-', 100],
    ],
  },
]);

describeJoins('joins of two tables', [
  {
    name: 'join has a row where both have one, with the later time',
    declare: (b) => b.table('a', strings).join(b.table('b', strings), plus).toStream().to('out', strings),
    input: [
      ['a', 'k', 'a1', 300],
      ['b', 'k', 'b1', 100],
      ['a', 'k', 'a2', 200],
      ['b', 'k', undefined, 400],
      ['b', 'k', undefined, 500],
    ],
    output: [
      ['k', 'a1+b1', 300],
      ['k', 'a2+b1', 200],
      ['k', undefined, 400],
      ['k', undefined, 500],
    ],
  },
  {
    name: 'leftJoin has a row for each of the left table',
    declare: (b) => b.table('a', strings).leftJoin(b.table('b', strings), plus).toStream().to('out', strings),
    input: [
      ['b', 'k', 'b1', 100],
      ['a', 'k', 'a1', 100],
      ['b', 'k', undefined, 200],
      ['a', 'k', undefined, 300],
      ['a', 'k', undefined, 400],
    ],
    output: [
      ['k', 'a1+b1', 100],
      ['k', 'a1+-', 200],
      ['k', undefined, 300],
    ],
  },
  {
    name: 'outerJoin has a row for each of either table',
    declare: (b) =>
      b.table('a', strings).outerJoin(b.table('b', strings), plus).toStream().to('out', strings),
    input: [
      ['b', 'k', 'b1', 100],
      ['a', 'k', 'a1', 200],
      ['b', 'k', undefined, 300],
      ['a', 'k', undefined, 400],
      ['a', 'k', undefined, 500],
    ],
    output: [
      ['k', '-+b1', 100],
      ['k', 'a1+b1', 200],
      ['k', 'a1+-', 300],
      ['k', undefined, 400],
    ],
  },
  {
    name: 'a joined table is joined again, and grouped: what a row was is taken out',
    declare: (b) => {
      const a = b.table('a', strings);
      const joined = a.join(b.table('b', strings), plus);
      joined
        .leftJoin(a, (both, own) => `${both}/${own ?? '-'}`)
        .groupBy((_key, value) => [value, value], strings)
        .count()
        .mapValues(String)
        .toStream()
        .to('out', strings);
    },
    input: [
      ['a', 'k', 'a1', 100],
      ['b', 'k', 'b1', 200],
      ['b', 'k', 'b2', 300],
    ],
    output: [
      ['a1+b1/a1', '1', 200],
      ['a1+b1/a1', '0', 300],
      ['a1+b2/a1', '1', 300],
    ],
  },
  {
    name: 'filter of an aggregate passes on no removal of what was never in its result',
    declare: (b) =>
      b
        .stream('a', strings)
        .groupByKey()
        .count()
        .filter((n) => n > 1)
        .mapValues(String)
        .toStream()
        .to('out', strings),
    input: [
      ['a', 'k', 'x', 100],
      ['a', 'k', 'x', 200],
    ],
    output: [['k', '2', 200]],
  },
]);

test('a joined table may be kept in a store of its own', () => {
  const builder = new StreamsBuilder();
  const left = builder.table('a', strings);
  const right = builder.table('b', strings);
  expect(() => left.join(right, plus, { store: 'joined' })).toThrow('needs a value serde');
  const joined = left.join(right, (a, b) => Number(a) + Number(b), {
    name: 'sum',
    store: 'sums',
    value: numberSerde,
  });
  joined.toStream().to('out');
  const driver = new TopologyTestDriver(builder.build());
  driver.input('a', strings).pipe('k', '1', 100);
  driver.input('b', strings).pipe('k', '2', 200);
  driver.crash();
  expect(driver.keyValueStore('sums').getTimestamped('k')).toEqual({ value: 3, timestamp: 200 });
  driver.input('b', strings).pipe('k', undefined, 300);
  expect(driver.keyValueStore('sums').get('k')).toBeUndefined();
});
