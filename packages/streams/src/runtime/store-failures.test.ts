// What a store cannot take is the failure of the record that writes it: the others of its commit go on.
import { describe, expect, test } from 'vitest';
import type { Processor } from '../api/processor.ts';
import { jsonSerde, numberSerde, stringSerde } from '../api/serde.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { TopologyTestDriver } from '../testing/topology-test-driver.ts';
import type { Topology } from '../topology/topology.ts';
import type { FailureAction } from './failure-policy.ts';

const strings = { key: stringSerde, value: stringSerde };
const json = jsonSerde<unknown>();
const kinds = ['keyValue', 'window', 'expiring'] as const;

const cycle: { self?: unknown } = {};
cycle.self = cycle;

/** What a record's value has a step put into its store. */
const values: { [name: string]: unknown } = {
  good: 'good',
  bigint: 1n,
  cycle,
  function: () => {},
  large: 'x'.repeat(1_000_001),
};

function topology(kind: (typeof kinds)[number]): Topology {
  const builder = new StreamsBuilder();
  const retention = kind === 'keyValue' ? {} : { retention: '1h' as const };
  builder.addStore({ name: 'store', kind, key: stringSerde, value: json, ...retention });
  const put = (): Processor<string, string, string, string> => {
    let write: (key: string, value: unknown, timestamp: number) => void;
    return {
      init(context) {
        write = (key, value, timestamp) => {
          if (kind === 'keyValue') context.keyValueStore('store').put(key, value, timestamp);
          else if (kind === 'window') context.windowStore('store').put(key, value, 0, timestamp);
          else context.expiringStore('store').put(key, value);
        };
      },
      process({ key, value, timestamp }) {
        if (value === 'long key') write('☃'.repeat(700), 'x', timestamp);
        else if (value === 'no time' && kind !== 'expiring') write(key, 'x', Number.NaN);
        else write(key, values[value], timestamp);
      },
    };
  };
  builder.stream('in', strings).process(put, { stores: ['store'] });
  return builder.build();
}

const bad = ['bigint', 'cycle', 'function', 'large', 'long key'];

describe.each(kinds)('a %s store', (kind) => {
  test.each(bad)('that cannot take a value (%s) fails its record, not the commit', (value) => {
    const reasons: string[] = [];
    const action = (): FailureAction => 'deadLetter';
    const driver = new TopologyTestDriver(topology(kind), {
      commits: 'manual',
      failures: { processing: action, production: action, deadLetterTopic: 'dead' },
      metrics: { deadLettered: (_task, reason) => reasons.push(reason) },
    });
    const input = driver.input('in', strings);
    input.pipe('a', 'good', 1);
    input.pipe('a', value, 2);
    input.pipe('b', 'good', 3);
    driver.commit();
    const changelog = driver.output('test-store-changelog', { key: stringSerde, value: json }).readAll();
    expect(changelog.map((record) => [record.key?.slice(0, 1), record.value])).toEqual([
      ['a', 'good'],
      ['b', 'good'],
    ]);
    expect(driver.output('dead', strings).readAll()).toMatchObject([{ key: 'a', value }]);
    expect(reasons).toHaveLength(1);
    driver.crash();
    const stored =
      kind === 'window'
        ? driver.windowStore('store').fetch('a', 0)
        : kind === 'expiring'
          ? driver.expiringStore('store').get('a')?.value
          : driver.keyValueStore('store').get('a');
    expect(stored).toBe('good');
  });
});

test('a value that was updated into one that is not written stays what it was', () => {
  const driver = new TopologyTestDriver(topology('keyValue'), { commits: 'manual' });
  const store = driver.keyValueStore<string, unknown>('store');
  store.put('a', 1, 0);
  expect(() => store.update('a', 5, () => 1n)).toThrowError(TypeError);
  expect(() => store.put('a', 2, -1)).toThrowError('the event time -1 is not in whole epoch milliseconds');
  expect(() => store.put('a', 2, 0.5)).toThrowError(RangeError);
  expect(store.getTimestamped('a')).toEqual({ value: 1, timestamp: 0 });
  expect([...store.written()]).toEqual([['a', { value: 1, timestamp: 0 }]]);
});

test('what was read from a store is not changed by what is written later', () => {
  const driver = new TopologyTestDriver(topology('keyValue'), { commits: 'manual' });
  const store = driver.keyValueStore<string, unknown>('store');
  store.put('a', 'old', 1);
  const read = store.getTimestamped('a');
  const updated = store.update('a', 2, () => 'newer');
  const [written] = [...store.written()];
  store.put('a', 'newest', 3);
  expect([read, updated, written]).toEqual([
    { value: 'old', timestamp: 1 },
    { value: 'newer', timestamp: 2 },
    ['a', { value: 'newer', timestamp: 2 }],
  ]);
});

test('tombstones carry the time of the record that deletes', () => {
  const builder = new StreamsBuilder();
  builder.table('in', strings);
  const driver = new TopologyTestDriver(builder.build());
  const input = driver.input('in', strings);
  input.pipe('a', 'x', 1_000);
  input.pipe('a', undefined, 5_000);
  const changelog = driver.output(
    driver.log.topics().find((name) => name.endsWith('-changelog')) ?? '',
    strings,
  );
  expect(changelog.readAll().map(({ value, timestamp }) => [value, timestamp])).toEqual([
    ['x', 1_000],
    [undefined, 5_000],
  ]);
});

test('a count of a grouped table of a grouped table takes rows out of where they were', () => {
  const builder = new StreamsBuilder();
  builder
    .table('in', strings)
    .groupBy((_name, city) => [city, city], strings)
    .count()
    .groupBy((city, size) => [`size ${size}`, city], strings)
    .count()
    .toStream()
    .to('out', { key: stringSerde, value: numberSerde });
  const driver = new TopologyTestDriver(builder.build());
  const input = driver.input('in', strings);
  for (const [name, city] of [
    ['x', 'A'],
    ['y', 'A'],
    ['z', 'B'],
    ['w', 'A'],
  ] as const)
    input.pipe(name, city, 0);
  const out = driver.output('out', { key: stringSerde, value: numberSerde }).readAll();
  const last = new Map(out.map(({ key, value }) => [key, value]));
  expect(last.get('size 1')).toBe(1);
  expect(last.get('size 3')).toBe(1);
  expect(last.get('size 2') ?? 0).toBe(0);
});
