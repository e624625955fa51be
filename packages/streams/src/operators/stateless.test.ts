// Stateless operators: what goes in, what comes out, through the real task.
import { stringSerde } from '../api/serde.ts';
import { describeOperators, json, stream, strings } from '../testing-support/operator-cases.ts';

describeOperators('stateless operators', [
  {
    name: 'filter keeps what its predicate holds for',
    declare: stream((input) => input.filter((value, key) => value > 'b' && key === 'k')),
    input: [
      ['k', 'a', 1],
      ['k', 'c', 2],
      ['l', 'c', 3],
    ],
    output: [['k', 'c', 2]],
  },
  {
    name: 'filterNot keeps the others',
    declare: stream((input) => input.filterNot((value) => value > 'b')),
    input: [
      ['k', 'a', 1],
      ['k', 'c', 2],
    ],
    output: [['k', 'a', 1]],
  },
  {
    name: 'map replaces key and value',
    declare: stream((input) => input.map((key, value) => [value, key])),
    input: [['k', 'v', 5]],
    output: [['v', 'k', 5]],
  },
  {
    name: 'mapValues replaces the value and may look at the key',
    declare: stream((input) => input.mapValues((value, key) => ({ [key]: value.length }))),
    input: [['k', 'four', 5]],
    output: [['k', { k: 4 }, 5]],
  },
  {
    name: 'flatMap makes any number of records',
    declare: stream((input) =>
      input.flatMap((key, value) => value.split('').map((c, i) => [`${key}${i}`, c])),
    ),
    input: [
      ['k', 'abc', 5],
      ['k', '', 6],
    ],
    output: [
      ['k0', 'a', 5],
      ['k1', 'b', 5],
      ['k2', 'c', 5],
    ],
  },
  {
    name: 'flatMapValues makes any number of values, of generators too',
    declare: stream((input) =>
      input.flatMapValues(function* (value) {
        yield value.length;
        yield value;
      }),
    ),
    input: [['k', 'abc', 5]],
    output: [
      ['k', 3, 5],
      ['k', 'abc', 5],
    ],
  },
  {
    name: 'selectKey replaces the key',
    declare: stream((input) => input.selectKey((_key, value) => value[0])),
    input: [['k', 'abc', 5]],
    output: [['a', 'abc', 5]],
  },
  {
    name: 'merge joins two streams, and a stream with itself',
    declare: stream((input) => {
      const upper = input.mapValues((value) => value.toUpperCase());
      return input.merge(upper).merge(upper);
    }),
    input: [['k', 'v', 5]],
    output: [
      ['k', 'V', 5],
      ['k', 'V', 5],
      ['k', 'v', 5],
    ],
  },
  {
    name: 'split gives each record to the first branch that takes it',
    declare: stream((input) => {
      const { long, a, rest } = input
        .split()
        .branch('long', (value) => value.length > 3)
        .branch('a', (value) => value.startsWith('a'))
        .defaultBranch('rest');
      return long
        .mapValues(() => 'long')
        .merge(a.mapValues(() => 'a'))
        .merge(rest.mapValues(() => 'rest'));
    }),
    input: [
      ['k', 'abcd', 1],
      ['k', 'abc', 2],
      ['k', 'xyz', 3],
    ],
    output: [
      ['k', 'long', 1],
      ['k', 'a', 2],
      ['k', 'rest', 3],
    ],
  },
  {
    name: 'split without a default branch drops the rest',
    declare: stream(
      (input) =>
        input
          .split()
          .branch('a', (value) => value === 'a')
          .noDefaultBranch().a,
    ),
    input: [
      ['k', 'a', 1],
      ['k', 'b', 2],
    ],
    output: [['k', 'a', 1]],
  },
  {
    name: 'a stream used twice goes both ways, in the order of declaration',
    declare: (builder) => {
      const input = builder.stream('in', strings);
      input.mapValues((value) => `first ${value}`).to('out', json);
      input.mapValues((value) => `second ${value}`).to('out', json);
    },
    input: [['k', 'v', 1]],
    output: [
      ['k', 'first v', 1],
      ['k', 'second v', 1],
    ],
  },
  {
    name: 'to() writes undefined as a tombstone',
    declare: stream((input) => input.mapValues((value) => (value === 'gone' ? undefined : value))),
    input: [
      ['k', 'v', 1],
      ['k', 'gone', 2],
    ],
    output: [
      ['k', 'v', 1],
      ['k', undefined, 2],
    ],
  },
  {
    name: 'repartition passes everything on',
    declare: stream((input) => input.selectKey((_key, value) => value, { key: stringSerde }).repartition()),
    input: [
      ['k', 'v', 1],
      ['k', 'w', 2],
    ],
    output: [
      ['v', 'v', 1],
      ['w', 'w', 2],
    ],
  },
  {
    name: 'repartition drops what has no key, where no step behind it takes that',
    declare: stream((input) => input.repartition()),
    input: [
      [undefined, 'v', 1],
      ['k', undefined, 2],
    ],
    output: [['k', undefined, 2]],
    dropped: ['null-key'],
  },
  {
    name: 'repartition passes on what has no key to dedupe, through another one too',
    declare: stream((input) =>
      input
        .repartition()
        .repartition()
        .dedupe({ by: (value) => value, within: 10 }),
    ),
    input: [[undefined, 'v', 1]],
    output: [[undefined, 'v', 1]],
  },
  {
    name: 'merge of a stream with itself is that stream',
    declare: stream((input) => input.merge(input)),
    input: [['k', 'v', 1]],
    output: [['k', 'v', 1]],
  },
  {
    name: 'merge of two branches of a stream is both',
    declare: stream((input) => {
      const { a, b } = input
        .split()
        .branch('a', (value) => value === 'a')
        .defaultBranch('b');
      return a.merge(b);
    }),
    input: [
      ['k', 'a', 1],
      ['k', 'b', 2],
    ],
    output: [
      ['k', 'a', 1],
      ['k', 'b', 2],
    ],
  },
  {
    name: 'records without key or value go through stateless steps',
    declare: stream((input) => input.peek(() => {})),
    input: [
      [undefined, 'v', 1],
      ['k', undefined, 2],
    ],
    output: [
      [undefined, 'v', 1],
      ['k', undefined, 2],
    ],
  },
  {
    name: 'a timestamp extractor gives the event time; what is none is dropped',
    declare: (builder) =>
      builder
        .stream('in', { ...strings, timestamp: (value, record) => Number(value) * 10 + record.timestamp })
        .to('out', json),
    input: [
      ['k', '5', 1],
      ['k', 'no number', 2],
      ['k', '-5', 3],
      ['k', '0.55', 4],
    ],
    output: [['k', '5', 51]],
    dropped: ['invalid-timestamp', 'invalid-timestamp', 'invalid-timestamp'],
  },
]);
