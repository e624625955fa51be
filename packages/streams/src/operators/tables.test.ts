// Tables: what goes in, what comes out, through the real task.
import { jsonSerde, stringSerde } from '../api/serde.ts';
import { describeOperators, json, stream, strings } from '../testing-support/operator-cases.ts';

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
    name: 'filter of a table without a store passes on removals of rows it never had',
    declare: (builder) => {
      const table = builder.table('in', strings);
      const filtered = table.filter((value) => value > 'b');
      filtered.toStream().to('out', json);
      // It comes later, so the filter does without.
      table.groupBy((key, value) => [value, key], strings).count();
    },
    input: [
      ['a', 'a', 1],
      ['a', 'c', 2],
    ],
    output: [
      ['a', undefined, 1],
      ['a', 'c', 2],
    ],
  },
  {
    name: 'filter of a table whose rows an earlier step needs passes on none of these removals',
    declare: (builder) => {
      const table = builder.table('in', strings);
      table.groupBy((key, value) => [value, key], strings).count();
      table
        .mapValues((value) => value)
        .filter((value) => value > 'b')
        .toStream()
        .to('out', json);
    },
    input: [
      ['a', 'a', 1],
      ['a', 'c', 2],
      ['a', 'a', 3],
      ['a', undefined, 4],
    ],
    output: [
      ['a', 'c', 2],
      ['a', undefined, 3],
    ],
  },
  {
    name: 'filter of a versioned table passes on all removals',
    declare: (builder) =>
      builder
        .table('in', strings, { store: 'rows', historyRetention: 100 })
        .filter((value) => value > 'b')
        .toStream()
        .to('out', json),
    input: [['a', 'a', 1]],
    output: [['a', undefined, 1]],
  },
  {
    name: 'null removes a row: from mapValues, and from what it is joined with',
    declare: (builder) => {
      const table = builder.table('in', strings).mapValues((value) => (value === 'x' ? null : value));
      const joined = table.join(table, (value) => (value === 'y' ? null : value));
      joined
        .outerJoin(table, (both, one) => `${both}/${one}`)
        .toStream()
        .to('out', json);
    },
    input: [
      ['a', 'x', 1],
      ['b', 'y', 2],
      ['b', 'z', 3],
    ],
    output: [
      ['b', 'undefined/y', 2],
      ['b', 'undefined/y', 2],
      ['b', 'undefined/y', 2],
      ['b', 'z/z', 3],
      ['b', 'z/z', 3],
      ['b', 'z/z', 3],
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
  {
    name: 'toTable keeps the newest value of each key, and lets a record without one remove it',
    declare: stream((input) => input.toTable().toStream()),
    input: [
      ['a', 'x', 5],
      ['a', undefined, 3],
      [undefined, 'y', 4],
      ['a', 'z', 4],
    ],
    output: [
      ['a', 'x', 5],
      ['a', undefined, 3],
      ['a', 'z', 4],
    ],
    dropped: ['null-key'],
  },
  {
    name: 'toTable after another key goes through a repartition topic, removals too',
    declare: stream((input) =>
      input
        .selectKey((key) => `${key}!`, { key: stringSerde })
        .toTable({ name: 'rekeyed', store: 'rows' })
        .groupBy((_key, value) => [value, value], strings)
        .count()
        .toStream(),
    ),
    input: [
      ['a', 'x', 1],
      ['b', 'x', 2],
      ['a', undefined, 3],
    ],
    output: [
      ['x', 1, 1],
      ['x', 2, 2],
      ['x', 1, 3],
    ],
  },
  {
    name: 'reduce of a grouped table takes rows out and puts them in; nothing is left where it says so',
    declare: (builder) =>
      builder
        .table('in', strings)
        .groupBy((_key, value) => [value.charAt(0), value], strings)
        .reduce(
          (all, value) => all + value,
          (all, value) => all.replace(value, '') || undefined,
        )
        .toStream()
        .to('out', json),
    input: [
      ['a', 'x1', 1],
      ['b', 'x2', 2],
      ['a', 'x3', 3],
      ['a', 'y1', 4],
      ['b', undefined, 5],
    ],
    output: [
      ['x', 'x1', 1],
      ['x', 'x1x2', 2],
      ['x', 'x2x3', 3],
      ['x', 'x2', 4],
      ['y', 'y1', 4],
      ['x', undefined, 5],
    ],
  },
  {
    name: 'groupBy by keys that are objects is one change where they are the same',
    declare: (builder) =>
      builder
        .table('in', strings)
        .groupBy((_key, value) => [{ first: value.charAt(0) }, value], {
          key: jsonSerde<{ first: string }>(),
          value: stringSerde,
        })
        .count()
        .toStream()
        .to('out', json),
    input: [
      ['a', 'x1', 1],
      ['a', 'x2', 2],
    ],
    output: [
      [{ first: 'x' }, 1, 1],
      [{ first: 'x' }, 1, 2],
    ],
  },
]);
