// Rolling counts: they rise with records, fall as time passes,
// and end where an oracle ends, whatever happens between.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { jsonSerde, stringSerde, type Serde } from '../api/serde.ts';
import { byPartition, histories, playHistory, type Input } from '../testing-support/faults.ts';
import { checkProperty } from '@activity/kafka/testing';
import type { TestOutputTopic } from '../testing/driver-types.ts';
import { TopologyTestDriver } from '../testing/topology-test-driver.ts';
import type { Topology } from '../topology/topology.ts';
import { countsSerde } from './rolling-count.ts';

const strings = { key: stringSerde, value: stringSerde };
const counts = { key: stringSerde, value: countsSerde };
const second = 1000;
const minute = 60 * second;

function rolling(last: readonly number[], resolution: number): Topology {
  const builder = new StreamsBuilder();
  builder
    .stream('in', strings)
    .groupByKey()
    .rollingCount({ last, resolution, onLate: (late) => late.to('late') })
    .to('out', { partitioner: (_record, _count, source) => source });
  return builder.build();
}

function outputs(
  topic: TestOutputTopic<string, number[]>,
): [string | undefined, number[] | undefined, number][] {
  return topic.readAll().map(({ key, value, timestamp }) => [key, value, timestamp]);
}

describe('a rolling count', () => {
  test('rises with records and falls as stream time goes on', () => {
    const driver = new TopologyTestDriver(rolling([10 * second, 60 * second], second));
    const input = driver.input('in', strings);
    const out = driver.output('out', counts);
    input.pipe('a', '', 0);
    input.pipe('a', '', 5 * second);
    expect(outputs(out)).toEqual([
      ['a', [1, 1], 0],
      ['a', [2, 2], 5 * second],
    ]);
    input.pipe('b', '', 12 * second);
    expect(outputs(out)).toEqual([
      ['a', [1, 2], 12 * second],
      ['b', [1, 1], 12 * second],
    ]);
    input.pipe('b', '', 65 * second + 999);
    expect(outputs(out)).toEqual([
      ['a', [0, 1], 65 * second + 999],
      ['b', [0, 1], 65 * second + 999],
      ['b', [1, 2], 65 * second + 999],
    ]);
  });

  test('falls by the time of day though nothing more arrives', () => {
    const driver = new TopologyTestDriver(rolling([10 * second, 60 * second], second), { now: 100 * second });
    driver.input('in', strings).pipe('a', '', 100 * second);
    const out = driver.output('out', counts);
    outputs(out);
    driver.advanceWallClock(10 * second);
    expect(outputs(out)).toEqual([]);
    driver.advanceWallClock(second);
    expect(outputs(out)).toEqual([['a', [0, 1], 111 * second]]);
    driver.advanceWallClock(100 * second);
    expect(outputs(out)).toEqual([['a', [0, 0], 211 * second]]);
    driver.advanceWallClock(100 * second);
    expect(outputs(out)).toEqual([]);
  });

  test('takes records that are late for one length into the other, and gives the rest to onLate', () => {
    const driver = new TopologyTestDriver(rolling([10 * second, 60 * second], second));
    const input = driver.input('in', strings);
    const out = driver.output('out', counts);
    input.pipe('a', '', 100 * second);
    input.pipe('a', '', 50 * second);
    input.pipe('a', 'late', 39 * second);
    expect(outputs(out).map(([, value]) => value)).toEqual([
      [1, 1],
      [1, 2],
      [1, 2],
    ]);
    expect(driver.output('late', strings).readAll()).toMatchObject([{ key: 'a', value: 'late' }]);
  });

  test('keeps nothing of a key whose counts are all 0', () => {
    const driver = new TopologyTestDriver(rolling([second], 100));
    for (let n = 0; n < 50; n++) driver.input('in', strings).pipe(`key ${n}`, '', n * second);
    driver.advanceWallClock(100 * second);
    const left = driver.keyValueStore<string, number[]>('KSTREAM-ROLLING-COUNT-0000000001-counts');
    expect([...left.all()]).toEqual([]);
    const buckets = driver.windowStore<string, number>('KSTREAM-ROLLING-COUNT-0000000001-buckets');
    expect([...buckets.fetchAll(0, 100 * second)]).toEqual([]);
  });

  test('counts under keys that are objects', () => {
    const key: Serde<{ id: string }> = jsonSerde();
    const builder = new StreamsBuilder();
    builder
      .stream('in', { key, value: stringSerde })
      .groupByKey()
      .rollingCount({ last: [10 * second] })
      .to('out');
    const driver = new TopologyTestDriver(builder.build());
    for (const time of [0, 1, 2, 3])
      driver.input('in', { key, value: stringSerde }).pipe({ id: 'a' }, '', time * second);
    driver.input('in', { key, value: stringSerde }).pipe({ id: 'b' }, '', 20 * second);
    const newest = new Map(
      driver
        .output('out', { key, value: countsSerde })
        .readAll()
        .map((record) => [record.key?.id, record.value]),
    );
    expect(newest).toEqual(
      new Map([
        ['a', [0]],
        ['b', [1]],
      ]),
    );
  });

  test.each<[string, () => unknown]>([
    ['no length', () => rolling([], second)],
    ['no resolution', () => rolling([second], 0)],
  ])('with %s is refused', (_what, make) => {
    expect(make).toThrowError('rollingCount() needs at least one length and a resolution of 1 ms or more');
  });
});

/** How many of these records are in the latest span of time, looked at to the resolution. */
function naive(
  records: readonly Input<string>[],
  lengths: readonly number[],
  resolution: number,
  now: number,
): Map<string, number[]> {
  const bucket = (time: number): number => Math.floor(time / resolution);
  return new Map(
    [...new Set(records.map(({ key }) => key))].map((key) => [
      key,
      lengths.map(
        (length) =>
          records.filter((record) => record.key === key && bucket(record.timestamp) >= bucket(now - length))
            .length,
      ),
    ]),
  );
}

const shapes = fc.constantFrom<{ lengths: number[]; resolution: number }>(
  { lengths: [5 * minute, 12 * minute], resolution: second },
  { lengths: [minute], resolution: minute },
  { lengths: [7 * minute, 30 * second, 20 * minute], resolution: 10 * second },
);

describe('against an oracle', () => {
  test('every key has the right counts after every record', () => {
    checkProperty(
      fc.property(
        histories({ value: fc.constant(''), maxPartitions: 1 }),
        shapes,
        ({ events }, { lengths, resolution }) => {
          const driver = new TopologyTestDriver(rolling(lengths, resolution));
          const out = driver.output('out', counts);
          const newest = new Map<string, number[]>();
          const records: Input<string>[] = [];
          let streamTime = 0;
          for (const event of events) {
            if (typeof event === 'string') continue;
            records.push(event);
            streamTime = Math.max(streamTime, event.timestamp);
            driver.input('in', strings).pipe(event.key, '', event.timestamp);
            for (const [key, value] of outputs(out)) newest.set(key ?? '', value ?? []);
            expect(newest).toEqual(naive(records, lengths, resolution, streamTime));
          }
        },
      ),
    );
  });

  test('every key ends with the right counts after any faults, once the time of day has been looked at', () => {
    checkProperty(
      fc.property(
        histories({ value: fc.constant('') }),
        shapes,
        fc.nat(40 * minute),
        (history, { lengths, resolution }, later) => {
          const driver = playHistory(rolling(lengths, resolution), history, strings);
          const now = later + 2 * resolution;
          driver.advanceWallClock(now);
          driver.commit();
          const newest = new Map(outputs(driver.output('out', counts)).map(([key, value]) => [key, value]));
          const expected = new Map<string, number[]>();
          for (const records of byPartition(history)) {
            const streamTime = Math.max(0, ...records.map(({ timestamp }) => timestamp));
            const ofPartition = naive(records, lengths, resolution, Math.max(now, streamTime));
            for (const [key, value] of ofPartition) expected.set(key, value);
          }
          expect(newest).toEqual(expected);
        },
      ),
    );
  });
});
