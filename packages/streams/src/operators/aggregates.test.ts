// Aggregates: what goes in, what comes out, through the real task.
import { jsonSerde } from '../api/serde.ts';
import { hopping, tumbling } from '../dsl/windows.ts';
import { describeOperators, json, stream, strings, windowName } from '../testing-support/operator-cases.ts';

describeOperators('aggregates', [
  {
    name: 'count counts by key; its time is the highest so far',
    declare: stream((input) => input.groupByKey().count().toStream()),
    input: [
      ['a', 'x', 5],
      ['b', 'x', 9],
      ['a', 'x', 3],
      ['a', 'x', 7],
    ],
    output: [
      ['a', 1, 5],
      ['b', 1, 9],
      ['a', 2, 5],
      ['a', 3, 7],
    ],
  },
  {
    name: 'count drops what has no key or no value',
    declare: stream((input) => input.groupByKey().count().toStream()),
    input: [
      [undefined, 'x', 1],
      ['a', undefined, 2],
      ['a', 'x', 3],
    ],
    output: [['a', 1, 3]],
    dropped: ['null-key-or-value', 'null-key-or-value'],
  },
  {
    name: 'an aggregate of null is none',
    declare: stream((input) =>
      input
        .groupByKey()
        .aggregate<string | null>(
          () => 'none',
          (_key, value, all) => (value === 'null' ? null : `${all}+${value}`),
          { value: jsonSerde() },
        )
        .toStream(),
    ),
    input: [
      ['a', 'x', 1],
      ['a', 'null', 2],
      ['a', 'z', 3],
    ],
    output: [
      ['a', 'none+x', 1],
      ['a', undefined, 2],
      ['a', 'none+z', 3],
    ],
  },
  {
    name: 'reduce begins with the first value',
    declare: stream((input) =>
      input
        .groupByKey()
        .reduce((old, value) => `${old}+${value}`)
        .toStream(),
    ),
    input: [
      ['a', 'x', 1],
      ['a', 'y', 2],
      ['b', 'z', 3],
    ],
    output: [
      ['a', 'x', 1],
      ['a', 'x+y', 2],
      ['b', 'z', 3],
    ],
  },
  {
    name: 'aggregate has a type of its own, and knows the key',
    declare: stream((input) =>
      input
        .groupByKey()
        .aggregate<string[]>(
          () => [],
          (key, value, list) => [...list, key + value],
          { value: jsonSerde() },
        )
        .toStream(),
    ),
    input: [
      ['a', 'x', 1],
      ['a', 'y', 2],
    ],
    output: [
      ['a', ['ax'], 1],
      ['a', ['ax', 'ay'], 2],
    ],
  },
  {
    name: 'groupBy counts by the new key',
    declare: stream((input) =>
      input
        .groupBy((_key, value) => value, strings)
        .count()
        .toStream(),
    ),
    input: [
      ['a', 'x', 1],
      ['b', 'x', 2],
    ],
    output: [
      ['x', 1, 1],
      ['x', 2, 2],
    ],
  },
  {
    name: 'tumbling windows hold [start, end), and close at end plus grace',
    declare: (builder) => {
      builder
        .stream('in', strings)
        .groupByKey()
        .windowedBy(tumbling({ size: 10, grace: 5 }))
        .count({ onLate: (late) => late.to('late', json) })
        .toStream()
        .map((window, count) => [windowName(window), count])
        .to('out', json);
    },
    input: [
      ['k', 'a', 9],
      ['k', 'b', 10],
      ['k', 'c', 14],
      ['k', 'taken', 0],
      ['k', 'e', 15],
      ['k', 'late', 9],
      ['k', 'f', 12],
    ],
    output: [
      ['k@0/10', 1, 9],
      ['k@10/20', 1, 10],
      ['k@10/20', 2, 14],
      ['k@0/10', 2, 9],
      ['k@10/20', 3, 15],
      ['k@10/20', 4, 15],
    ],
    late: [['k', 'late', 9]],
  },
  {
    name: 'hopping windows take a record as often as they overlap, and it is late when all are closed',
    declare: (builder) => {
      builder
        .stream('in', strings)
        .groupByKey()
        .windowedBy(hopping({ size: 10, advance: 4, grace: 0 }))
        .reduce((old, value) => old + value, { onLate: (late) => late.to('late', json) })
        .toStream()
        .map((window, text) => [windowName(window), text])
        .to('out', json);
    },
    input: [
      ['k', 'a', 9],
      ['k', 'b', 13],
      ['k', 'c', 9],
      ['k', 'd', 3],
    ],
    output: [
      ['k@0/10', 'a', 9],
      ['k@4/14', 'a', 9],
      ['k@8/18', 'a', 9],
      ['k@4/14', 'ab', 13],
      ['k@8/18', 'ab', 13],
      ['k@12/22', 'b', 13],
      ['k@4/14', 'abc', 13],
      ['k@8/18', 'abc', 13],
    ],
    late: [['k', 'd', 3]],
  },
]);
