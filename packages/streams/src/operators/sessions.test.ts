// Sessions: what goes in, what comes out, through the real task.
import { expect, test } from 'vitest';
import { bytesSerde, jsonSerde, numberSerde, stringSerde } from '../api/serde.ts';
import { sessionWindowedSerde } from '../dsl/windowed-serde.ts';
import { sessions } from '../dsl/windows.ts';
import { TopologyTestDriver } from '../testing/topology-test-driver.ts';
import {
  describeOperators,
  json,
  stream,
  strings,
  windowName,
  type OperatorCase,
} from '../testing-support/operator-cases.ts';
import { build } from '../testing-support/oracles.ts';

const windows = sessions({ gap: 10, grace: 5 });

function counted(emit: 'update' | 'commit' = 'update', of = windows): OperatorCase['declare'] {
  return stream((input) =>
    input
      .groupByKey()
      .windowedBy(of)
      .count({ emit, onLate: (late) => late.to('late', json) })
      .toStream()
      .map((window, count) => [windowName(window), count]),
  );
}

describeOperators('sessions', [
  {
    name: 'hold records that are no further than the gap apart; what they were is removed first',
    declare: counted(),
    input: [
      ['k', 'a', 100],
      ['k', 'b', 110],
      ['l', 'c', 110],
      ['k', 'd', 121],
    ],
    output: [
      ['k@100/100', 1, 100],
      ['k@100/100', undefined, 100],
      ['k@100/110', 2, 110],
      ['l@110/110', 1, 110],
      ['k@121/121', 1, 121],
    ],
  },
  {
    name: 'without a gap hold the records of one millisecond, for as long as the grace says',
    declare: counted('update', sessions({ gap: 0, grace: 1 })),
    input: [
      ['k', 'a', 100],
      ['k', 'b', 100],
      ['k', 'c', 101],
      ['k', 'd', 100],
    ],
    output: [
      ['k@100/100', 1, 100],
      ['k@100/100', 2, 100],
      ['k@101/101', 1, 101],
      ['k@100/100', 1, 100],
    ],
  },
  {
    name: 'become one where a record is near both',
    declare: counted(),
    input: [
      ['k', 'a', 100],
      ['k', 'b', 112],
      ['k', 'c', 106],
    ],
    output: [
      ['k@100/100', 1, 100],
      ['k@112/112', 1, 112],
      ['k@100/100', undefined, 100],
      ['k@112/112', undefined, 112],
      ['k@100/112', 3, 112],
    ],
  },
  {
    name: 'of one moment are rewritten, not removed',
    declare: counted(),
    input: [
      ['k', 'a', 100],
      ['k', 'b', 100],
    ],
    output: [
      ['k@100/100', 1, 100],
      ['k@100/100', 2, 100],
    ],
  },
  {
    name: 'take no record after their end plus gap and grace, unless it joins one that is open',
    declare: counted(),
    input: [
      ['k', 'a', 100],
      ['l', 'b', 120],
      ['k', 'late', 104],
      ['l', 'taken', 110],
      ['m', 'on time', 105],
      ['m', 'late', 94],
    ],
    output: [
      ['k@100/100', 1, 100],
      ['l@120/120', 1, 120],
      ['l@120/120', undefined, 120],
      ['l@110/120', 2, 120],
      ['m@105/105', 1, 105],
    ],
    late: [
      ['k', 'late', 104],
      ['m', 'late', 94],
    ],
  },
  {
    name: 'give each key’s last change at a commit, and nothing for what came and went since the last one',
    declare: counted('commit'),
    input: [
      ['k', 'a', 100],
      ['k', 'b', 105],
    ],
    output: [
      ['k@100/100', 1, 100],
      ['k@100/100', undefined, 100],
      ['k@100/105', 2, 105],
    ],
  },
  {
    name: 'drop records without key or value',
    declare: counted(),
    input: [
      [undefined, 'a', 100],
      ['k', undefined, 100],
    ],
    output: [],
    dropped: ['null-key-or-value', 'null-key-or-value'],
  },
  {
    name: 'that are grouped again are taken out of their group as they were',
    declare: stream((input) =>
      input
        .groupByKey()
        .windowedBy(windows)
        .count()
        .groupBy(({ key }, count) => [key, count], { key: stringSerde, value: numberSerde })
        .aggregate(
          () => 0,
          (_key, count, sum) => sum + count,
          (_key, count, sum) => sum - count,
          { value: numberSerde },
        )
        .toStream(),
    ),
    input: [
      ['k', 'a', 100],
      ['k', 'b', 100],
      ['k', 'c', 105],
    ],
    output: [
      ['k', 1, 100],
      ['k', 2, 100],
      ['k', 0, 100],
      ['k', 3, 105],
    ],
  },
]);

test('sessions can be looked up', () => {
  const topology = build((builder) =>
    builder
      .stream('in', strings)
      .groupByKey()
      .windowedBy(windows)
      .aggregate<string[]>(
        () => [],
        (_key, value, all) => [...all, value],
        (_key, earlier, later) => [...earlier, ...later],
        { store: 'sessions', value: jsonSerde() },
      ),
  );
  const driver = new TopologyTestDriver(topology);
  driver.input('in', strings).pipe('k', 'a', 100);
  driver.input('in', strings).pipe('k', 'b', 105);
  driver.input('in', strings).pipe('k', 'c', 116);
  expect(driver.sessionStore('sessions').fetch('k')).toEqual([
    { start: 100, end: 105, value: ['a', 'b'] },
    { start: 116, end: 116, value: ['c'] },
  ]);
});

test('keys of sessions are written with both bounds, as text and as bytes', () => {
  const window = { key: 'a@1/2', start: 3, end: 2 ** 45 };
  const text = sessionWindowedSerde(stringSerde);
  if (text.format !== 'text') throw new Error('it is bytes');
  expect(text.serialize(window)).toBe(`a@1/2@3/${2 ** 45}`);
  expect(text.deserialize(text.serialize(window))).toEqual(window);
  const inner = {
    format: 'bytes',
    serialize: (key: string) => Buffer.from(key),
    deserialize: (bytes: Buffer) => bytes.toString(),
  } as const;
  const bytes = sessionWindowedSerde(inner);
  if (bytes.format !== 'bytes') throw new Error('it is text');
  const written = Buffer.from(bytes.serialize(window));
  expect(bytes.deserialize(written)).toEqual(window);
  // As Kafka Streams has it: the end, then the start.
  expect([written.readBigInt64BE(5), written.readBigInt64BE(13)]).toEqual([BigInt(2 ** 45), 3n]);
});

test('by commits, values of bytes that are no text are told apart', () => {
  const topology = build((builder) =>
    builder
      .stream('in', { key: stringSerde, value: bytesSerde })
      .groupByKey()
      .windowedBy(windows)
      .reduce((_old, value) => value, { emit: 'commit' })
      .toStream()
      .map(({ key }, value) => [key, value])
      .to('out', { key: stringSerde, value: bytesSerde }),
  );
  const driver = new TopologyTestDriver(topology);
  const input = driver.input('in', { key: stringSerde, value: bytesSerde });
  for (const byte of [0xfe, 0xff]) input.pipe('a', Buffer.from([byte]), 0);
  const records = driver.output('out', { key: stringSerde, value: bytesSerde }).readAll();
  expect(records.map(({ value }) => [...(value ?? [])])).toEqual([[0xfe], [0xff]]);
});
