// Tables: what goes in, what comes out, through the real task.
import { jsonSerde } from '../api/serde.ts';
import { describeOperators, json, strings } from '../testing-support/operator-cases.ts';

describeOperators('tables', [
  {
    name: 'table keeps the newest value; without a value the row goes',
    declare: (builder) => builder.table('in', strings).toStream().to('out', json),
    input: [
      ['a', 'x', 1],
      ['a', undefined, 2],
      [undefined, 'y', 3],
      ['b', undefined, 4],
    ],
    output: [
      ['a', 'x', 1],
      ['a', undefined, 2],
      ['b', undefined, 4],
    ],
    dropped: ['null-key'],
  },
  {
    name: 'filter and filterNot of a table remove rows',
    declare: (builder) =>
      builder
        .table('in', strings)
        .filter((value) => value > 'b')
        .filterNot((value, key) => key === value)
        .toStream()
        .to('out', json),
    input: [
      ['a', 'c', 1],
      ['a', 'a', 2],
      ['z', 'z', 3],
    ],
    output: [
      ['a', 'c', 1],
      ['a', undefined, 2],
      ['z', undefined, 3],
    ],
  },
  {
    name: 'mapValues of a table leaves absent rows absent',
    declare: (builder) =>
      builder
        .table('in', strings)
        .mapValues((value, key) => key + value.length)
        .toStream()
        .to('out', json),
    input: [
      ['a', 'xyz', 1],
      ['a', undefined, 2],
    ],
    output: [
      ['a', 'a3', 1],
      ['a', undefined, 2],
    ],
  },
  {
    name: 'groupBy of a table takes a row out where it was before it comes in where it is',
    declare: (builder) =>
      builder
        .table('in', strings)
        .groupBy((key, value) => [value, key], strings)
        .aggregate<string[]>(
          () => [],
          (_group, key, members) => [...members, key].toSorted(),
          (_group, key, members) => members.filter((member) => member !== key),
          { value: jsonSerde() },
        )
        .toStream()
        .to('out', json),
    input: [
      ['ann', 'red', 1],
      ['bob', 'red', 2],
      ['ann', 'blue', 3],
      ['bob', undefined, 4],
      ['ann', 'blue', 5],
    ],
    output: [
      ['red', ['ann'], 1],
      ['red', ['ann', 'bob'], 2],
      ['red', ['bob'], 3],
      ['blue', ['ann'], 3],
      ['red', [], 4],
      ['blue', ['ann'], 5],
    ],
  },
]);
