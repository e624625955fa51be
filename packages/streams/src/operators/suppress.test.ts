// Suppressed tables: what goes in, what comes out, through the real task.
import { expect, test } from 'vitest';
import { bytesSerde, jsonSerde, numberSerde, stringSerde } from '../api/serde.ts';
import type { Serde } from '../api/serde.ts';
import { orderedWindowSerde, suppressedSerde } from '../dsl/suppressed-serde.ts';
import { untilTimeLimit, untilWindowCloses, type EagerBufferConfig } from '../dsl/suppressed.ts';
import { sessions, tumbling } from '../dsl/windows.ts';
import { TopologyTestDriver } from '../testing/topology-test-driver.ts';
import {
  describeOperators,
  json,
  strings,
  windowName,
  type OperatorCase,
} from '../testing-support/operator-cases.ts';
import { build } from '../testing-support/oracles.ts';
import { forgivingDriver } from '../testing-support/watched-driver.ts';

function limited(buffer: EagerBufferConfig = {}): OperatorCase['declare'] {
  return (builder) =>
    builder.table('in', strings).suppress(untilTimeLimit(10, buffer)).toStream().to('out', json);
}

describeOperators('suppress until a time limit', [
  {
    name: 'gives the last change of a key, a while after the first that waits',
    declare: limited(),
    input: [
      ['a', 'x', 100],
      ['a', 'y', 109],
      ['b', 'z', 105],
      ['c', 'w', 110],
      ['c', 'w', 115],
      ['a', 'x', 115],
    ],
    output: [
      ['a', 'y', 109],
      ['b', 'z', 105],
    ],
  },
  {
    name: 'gives removals too',
    declare: limited(),
    input: [
      ['a', 'x', 100],
      ['a', undefined, 101],
      ['b', 'y', 110],
    ],
    output: [['a', undefined, 101]],
  },
  {
    name: 'gives what is first early, by time and key, where too many wait',
    declare: limited({ maxRecords: 2 }),
    input: [
      ['b', 'x', 105],
      ['a', 'y', 105],
      ['c', 'z', 101],
      ['d', 'w', 106],
    ],
    output: [
      ['c', 'z', 101],
      ['a', 'y', 105],
    ],
  },
  {
    name: 'gives a change at once where nothing may wait',
    declare: limited({ maxRecords: 0 }),
    input: [['a', 'x', 105]],
    output: [['a', 'x', 105]],
  },
  {
    name: 'gives what is first early where too many bytes wait',
    declare: limited({ maxBytes: 60 }),
    input: [
      ['a', 'short', 100],
      ['b', 'some longer text, of more than sixty characters, to be sure of it', 101],
    ],
    output: [
      ['a', 'short', 100],
      ['b', 'some longer text, of more than sixty characters, to be sure of it', 101],
    ],
  },
  {
    name: 'lets a later group take out what it has seen, not what it has not',
    declare: (builder) =>
      builder
        .table('in', strings)
        .suppress(untilTimeLimit(10))
        .groupBy((_key, value) => [value, value], strings)
        .count()
        .toStream()
        .to('out', json),
    input: [
      ['a', 'x', 100],
      ['z', '-', 110],
      ['a', 'y', 111],
      ['a', 'w', 112],
      ['z', '-', 125],
    ],
    output: [
      ['x', 1, 100],
      ['-', 1, 125],
      ['x', 0, 112],
      ['w', 1, 112],
    ],
  },
]);

describeOperators('suppress until windows close', [
  {
    name: 'gives each window once, when stream time has reached its end plus the grace',
    declare: (builder) =>
      builder
        .stream('in', strings)
        .groupByKey()
        .windowedBy(tumbling({ size: 10, grace: 5 }))
        .count()
        .filter((count) => count > 1)
        .mapValues((count) => count * 10, { value: numberSerde })
        .suppress(untilWindowCloses())
        .toStream()
        .map((window, count) => [windowName(window), count])
        .to('out', json),
    input: [
      ['b', 'x', 100],
      ['a', 'x', 101],
      ['b', 'x', 109],
      ['a', 'x', 114],
      ['a', 'x', 102],
      ['c', 'x', 115],
      // What the filter leaves out does not move the time of what comes after it.
      ['c', 'x', 116],
    ],
    output: [
      ['a@100/110', 20, 102],
      ['b@100/110', 20, 109],
    ],
  },
  {
    name: 'drops the removal of sessions that nobody has seen',
    declare: (builder) =>
      builder
        .stream('in', strings)
        .groupByKey()
        .windowedBy(sessions({ gap: 10, grace: 0 }))
        .count({ store: 'sessions' })
        .suppress(untilWindowCloses({ maxRecords: 100 }))
        .toStream()
        .map((window, count) => [windowName(window), count])
        .to('out', json),
    input: [
      ['a', 'x', 100],
      ['a', 'x', 105],
      ['b', 'x', 130],
    ],
    output: [['a@100/105', 2, 105]],
  },
]);

test('ends the application where a buffer that must give nothing early is full', () => {
  const topology = build((builder) =>
    builder
      .stream('in', strings)
      .groupByKey()
      .windowedBy(tumbling({ size: 10, grace: 5 }))
      .count()
      .suppress(untilWindowCloses({ name: 'final', maxRecords: 1 }))
      .toStream()
      .to('out', json),
  );
  const driver = new TopologyTestDriver(topology, { failures: { processing: () => 'continue' } });
  const input = driver.input('in', strings);
  input.pipe('a', 'x', 100);
  expect(() => input.pipe('b', 'x', 101)).toThrow(/the buffer final-store has 2 records .* may have 1/);
});

test('what was held back fails alone, and the record that let it out goes on', () => {
  const topology = build((builder) => {
    const table = builder.table('in', strings, { store: 'rows' });
    table
      .suppress(untilTimeLimit(10))
      .toStream()
      .peek((key) => {
        if (key === 'bad') throw new Error('cannot take it');
      })
      .to('out', strings);
  });
  const { driver, failed } = forgivingDriver(topology);
  const input = driver.input('in', strings);
  input.pipe('bad', 'x', 100);
  input.pipe('good', 'x', 101);
  input.pipe('last', 'x', 111);
  expect(driver.output('out', strings).readAll()).toMatchObject([{ key: 'good', timestamp: 101 }]);
  expect(failed).toEqual([[undefined, 'bad']]);
  expect(driver.keyValueStore('rows').get('last')).toBe('x');
});

test('what waits survives a crash, headers too', () => {
  const topology = build((builder) =>
    builder
      .table('in', strings)
      .suppress(untilTimeLimit(10, { name: 'calm' }))
      .toStream()
      .to('out', strings),
  );
  const driver = new TopologyTestDriver(topology);
  const input = driver.input('in', strings);
  const headers = [
    { key: 'trace', value: Buffer.from([0, 255]) },
    { key: 'empty', value: null },
  ];
  input.pipe('a', 'x', 100, { headers });
  driver.crash();
  expect(driver.bufferStore('calm-store').length).toBe(1);
  input.pipe('b', 'y', 110);
  expect(driver.output('out', strings).readAll()).toMatchObject([{ key: 'a', value: 'x', headers }]);
});

test('needs to know the grace of windows, and bounds that are any', () => {
  expect(() => untilTimeLimit(1, { maxRecords: -1 })).toThrow('takes 0 or more, not -1');
  expect(() =>
    build((builder) => {
      const windowed = builder.table('in', { key: jsonSerde<never>(), value: stringSerde });
      windowed.suppress(untilWindowCloses());
    }),
  ).toThrow('needs windows whose grace is known');
});

test('a versioned table is not suppressed', () => {
  const versioned = { historyRetention: 100 };
  expect(() =>
    build((builder) => {
      const table = builder.table('in', strings, versioned).filter((value) => value > 'b');
      table.suppress(untilTimeLimit(10));
    }),
  ).toThrow('suppress() of a versioned table');
});

test('what waits is written and read, as text and as bytes', () => {
  const headers = [{ key: 'h', value: Buffer.from('v') }];
  const text = suppressedSerde(stringSerde);
  const bytes = suppressedSerde(bytesSerde);
  if (text.format !== 'text' || bytes.format !== 'bytes') throw new Error('formats have changed');
  for (const value of ['"a",\n', undefined]) {
    const change = { newValue: value, oldValue: 'old', headers };
    expect(text.deserialize(text.serialize(change))).toEqual(change);
    const raw = {
      newValue: value === undefined ? value : Buffer.from(value),
      oldValue: undefined,
      headers: [],
    };
    expect(bytes.deserialize(Buffer.from(bytes.serialize(raw)))).toEqual(raw);
  }
});

test('windows that close together are in the order of their keys, whatever these are', () => {
  const serdes: Serde<string>[] = [
    stringSerde,
    { format: 'bytes', serialize: (key) => Buffer.from(key), deserialize: String },
  ];
  for (const inner of serdes) {
    const serde = orderedWindowSerde(inner);
    const windows = ['a', 'a!', 'aa', 'b'].flatMap((key) =>
      [0, 5, 2 ** 40].map((start) => ({ key, start, end: start + 10 })),
    );
    const written = windows.map((window) => Buffer.from(serde.serialize(window)));
    expect(written.toSorted((a, b) => Buffer.compare(a, b))).toEqual(written);
    expect(
      written.map((one) =>
        serde.format === 'text' ? serde.deserialize(one.toString()) : serde.deserialize(one),
      ),
    ).toEqual(windows);
  }
});
