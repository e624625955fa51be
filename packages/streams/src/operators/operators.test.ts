// Operators, one table: what goes in, what comes out, through the real task.
import { describe, expect, test } from 'vitest';
import type { KStream } from '../dsl/stream.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { hopping, tumbling } from '../dsl/windows.ts';
import type { Windowed } from '../api/record.ts';
import { jsonSerde, stringSerde } from '../api/serde.ts';
import { TopologyTestDriver } from '../testing/topology-test-driver.ts';

type In = readonly [key: string | undefined, value: string | undefined, timestamp: number];
type Out = readonly [key: unknown, value: unknown, timestamp: number];

interface Case {
  name: string;
  declare: (builder: StreamsBuilder) => void;
  input: readonly In[];
  output: readonly Out[];
  late?: readonly Out[];
  dropped?: readonly string[];
}

const strings = { key: stringSerde, value: stringSerde };
/** JSON for topics of any types. */
const json = { key: jsonSerde<never>(), value: jsonSerde<never>() };

/** A topology from the stream `in` to the topic `out`, whatever its types. */
function stream<K, V>(
  declare: (input: KStream<string, string>, builder: StreamsBuilder) => KStream<K, V>,
): Case['declare'] {
  return (builder) => declare(builder.stream('in', strings), builder).to('out', json);
}

function windowName({ key, start, end }: Windowed<string>): string {
  return `${key}@${start}/${end}`;
}

const stateless: Case[] = [
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
];

const aggregates: Case[] = [
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
];

const tables: Case[] = [
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
];

const dedupes: Case[] = [
  {
    name: 'dedupe passes the first record of each id and key',
    declare: (builder) =>
      builder
        .stream('in', strings)
        .dedupe({ by: (value) => value.slice(0, 1), within: 100 })
        .to('out', json),
    input: [
      ['k', 'a1', 1],
      ['k', 'a2', 2],
      ['l', 'a3', 3],
      ['k', 'b1', 4],
      ['l', 'a4', 5],
      [undefined, 'a5', 6],
      ['', 'a6', 7],
      [undefined, 'a7', 8],
    ],
    output: [
      ['k', 'a1', 1],
      ['l', 'a3', 3],
      ['k', 'b1', 4],
      [undefined, 'a5', 6],
      ['', 'a6', 7],
    ],
    dropped: ['duplicate', 'duplicate', 'duplicate'],
  },
  {
    name: 'the horizon of dedupe runs in stream time from the first sight, whatever times the copies carry',
    declare: (builder) =>
      builder
        .stream('in', strings)
        .dedupe({ by: (value) => value, within: '2m' })
        .to('out', json),
    input: [
      ['k', 'x', 500_000],
      // First seen when stream time was 500,000, though its own time is long ago.
      ['k', 'a', 1],
      ['k', 'a', 2],
      ['k', 'a', 620_000],
      // Copies do not renew it.
      ['k', 'a', 620_001],
      ['k', 'a', 620_001],
    ],
    output: [
      ['k', 'x', 500_000],
      ['k', 'a', 1],
      ['k', 'a', 620_001],
    ],
    dropped: ['duplicate', 'duplicate', 'duplicate'],
  },
  {
    name: 'dedupe reports duplicates: where the first copy is, and whether they differ',
    declare: (builder) =>
      builder
        .stream('in', strings)
        .dedupe({
          by: (value) => value.slice(0, 1),
          within: 100,
          fingerprint: (value) => value.slice(1),
          onDuplicate: (duplicates) => duplicates.to('late', json),
        })
        .to('out', json),
    input: [
      ['k', 'a|', 1],
      ['k', 'a|', 2],
      ['k', 'a2', 3],
    ],
    output: [['k', 'a|', 1]],
    late: [
      ['k', { value: 'a|', firstOffset: 0, conflicting: false }, 2],
      ['k', { value: 'a2', firstOffset: 0, conflicting: true }, 3],
    ],
    dropped: ['duplicate', 'duplicate'],
  },
  {
    name: 'dedupe distinguishes copies that one record was made into',
    declare: (builder) =>
      builder
        .stream('in', strings)
        .flatMapValues((value) => value.split(''), { value: stringSerde })
        .dedupe({ by: (value) => value, within: 100 })
        .to('out', json),
    input: [
      ['k', 'abaab', 1],
      ['k', 'cb', 2],
    ],
    output: [
      ['k', 'a', 1],
      ['k', 'b', 1],
      ['k', 'c', 2],
    ],
    dropped: ['duplicate', 'duplicate', 'duplicate', 'duplicate'],
  },
  {
    name: 'dedupe after a new key brings copies together first',
    declare: (builder) =>
      builder
        .stream('in', strings)
        .selectKey((_key, value) => value.slice(0, 1), { key: stringSerde })
        .dedupe({ name: 'once', by: (value) => value.slice(1), within: 100, value: stringSerde })
        .to('out', json),
    input: [
      ['k', 'a1', 1],
      ['l', 'a1', 2],
      ['m', 'b1', 3],
    ],
    output: [
      ['a', 'a1', 1],
      ['b', 'b1', 3],
    ],
    dropped: ['duplicate'],
  },
];

describe.each([
  ['stateless operators', stateless],
  ['aggregates', aggregates],
  ['tables', tables],
  ['dedupe', dedupes],
])('%s', (_kind, cases) => {
  test.each(cases)('$name', ({ declare, input, output, late = [], dropped = [] }) => {
    const builder = new StreamsBuilder();
    declare(builder);
    const reasons: string[] = [];
    let lates = 0;
    const driver = new TopologyTestDriver(builder.build(), {
      metrics: { dropped: (_task, reason) => reasons.push(reason), late: () => lates++ },
    });
    driver.log.create('late', 1);
    const topic = driver.input('in', strings);
    for (const [key, value, timestamp] of input) topic.pipe(key, value, timestamp);
    const read = (name: string): Out[] =>
      driver
        .output(name, json)
        .readAll()
        .map((record) => [record.key, record.value, record.timestamp]);
    expect(read('out')).toEqual(output);
    expect(read('late')).toEqual(late);
    expect(reasons).toEqual(dropped);
    expect(lates).toBe(dropped.includes('duplicate') ? 0 : late.length);
  });
});
