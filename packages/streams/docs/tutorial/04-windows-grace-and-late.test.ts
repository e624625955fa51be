// Chapter 4: windows, grace and late records
//
// "How many in this minute" is a count by key and window. Windows follow event time, the time at which things
// happened, whenever they arrive. Since records arrive out of order, a window must stay open a while after
// its end: that is its grace.
import {
  hopping,
  numberSerde,
  StreamsBuilder,
  stringSerde,
  tumbling,
  windowedSerde,
} from '@activity/streams';
import { TopologyTestDriver } from '@activity/streams/testing';
import { describe, expect, test } from 'vitest';

const strings = { key: stringSerde, value: stringSerde };
const minute = 60_000;
const perMinute = { key: windowedSerde(stringSerde, minute), value: numberSerde };

describe('tumbling windows', () => {
  const builder = new StreamsBuilder();
  builder
    .stream('clicks', strings)
    .groupByKey()
    .windowedBy(tumbling({ size: '1m', grace: '30s' }))
    .count({ store: 'per-minute', onLate: (late) => late.to('late') })
    .toStream()
    .to('counts');
  const topology = builder.build();

  /** Every count that has come out so far. */
  function counted(driver: TopologyTestDriver): string[] {
    const counts = driver.output('counts', perMinute).readAll();
    return counts.map(({ key, value }) => `${key?.key} ${(key?.start ?? 0) / minute}: ${value}`);
  }

  test('lie side by side, from the epoch on', () => {
    const driver = new TopologyTestDriver(topology);
    const clicks = driver.input('clicks', strings);
    clicks.pipe('ada', '/home', 0);
    clicks.pipe('ada', '/cart', minute - 1);
    clicks.pipe('ada', '/home', minute);
    expect(counted(driver)).toEqual(['ada 0: 1', 'ada 0: 2', 'ada 1: 1']);
  });

  test('take what is out of order until stream time reaches their end plus grace', () => {
    const driver = new TopologyTestDriver(topology);
    const clicks = driver.input('clicks', strings);
    // Stream time is the highest event time that this task has seen, whoever's it was. It never goes back.
    clicks.pipe('ada', '/home', 10_000);
    clicks.pipe('bob', '/home', minute + 29_999);
    clicks.pipe('ada', '/cart', 20_000);
    expect(counted(driver)).toEqual(['ada 0: 1', 'bob 1: 1', 'ada 0: 2']);

    // One millisecond later the first minute is closed for good: its counts are final.
    clicks.pipe('bob', '/home', minute + 30_000);
    clicks.pipe('ada', '/late', 30_000);
    expect(counted(driver)).toEqual(['ada 0: 1', 'bob 1: 1', 'ada 0: 2', 'bob 1: 2']);
    // What came too late is not lost: here it goes to a topic, in the same transaction.
    expect(driver.output('late', strings).readAll()).toMatchObject([{ key: 'ada', value: '/late' }]);
  });

  test('are closed after a restart as they were before it', () => {
    const driver = new TopologyTestDriver(topology);
    const clicks = driver.input('clicks', strings);
    clicks.pipe('bob', '/home', 5 * minute);
    driver.crash();
    // Stream time was committed with the offset,
    // so this record is as late as it would have been without the crash.
    clicks.pipe('ada', '/late', 0);
    expect(driver.output('late', strings).readAll()).toHaveLength(1);
  });

  test('can be looked up while they are kept', () => {
    const driver = new TopologyTestDriver(topology);
    const clicks = driver.input('clicks', strings);
    clicks.pipe('ada', '/home', 0);
    clicks.pipe('ada', '/home', minute);
    const store = driver.windowStore<string, number>('per-minute');
    expect(store.fetch('ada', 0)).toBe(1);
    expect([...store.fetchRange('ada', 0, minute)]).toEqual([
      [0, 1],
      [minute, 1],
    ]);
    // Windows are kept for size and grace, in segments that are dropped whole, so that old ones cost nothing
    // to forget.
    clicks.pipe('bob', '/home', 60 * minute);
    expect(store.fetch('ada', 0)).toBeUndefined();
  });
});

test('hopping windows overlap: a record counts in each that it is in', () => {
  const builder = new StreamsBuilder();
  builder
    .stream('clicks', strings)
    .groupByKey()
    .windowedBy(hopping({ size: '1m', advance: '20s', grace: 0 }))
    .count()
    .toStream()
    .to('counts');
  const driver = new TopologyTestDriver(builder.build());
  driver.input('clicks', strings).pipe('ada', '/home', 70_000);
  const counts = driver.output('counts', perMinute).readAll();
  expect(counts.map(({ key }) => key?.start)).toEqual([20_000, 40_000, 60_000]);
});
