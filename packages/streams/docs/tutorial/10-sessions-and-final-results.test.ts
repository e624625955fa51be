// Chapter 10: sessions, sliding windows and final results
//
// Chapter 4 counted by the clock. Two other kinds of windows follow the records themselves: sessions hold
// what a key did without a pause, and sliding windows hold what happened close together. And two ways give
// only the final result of a window: `suppress` and `emitStrategy`.
import {
  numberSerde,
  sessions,
  sessionWindowedSerde,
  sliding,
  StreamsBuilder,
  stringSerde,
  tumbling,
  untilTimeLimit,
  untilWindowCloses,
  windowedSerde,
} from '@activity/streams';
import { TopologyTestDriver } from '@activity/streams/testing';
import { describe, expect, test } from 'vitest';

const strings = { key: stringSerde, value: stringSerde };
const minute = 60_000;

describe('sessions', () => {
  const builder = new StreamsBuilder();
  builder
    .stream('clicks', strings)
    .groupByKey()
    .windowedBy(sessions({ gap: '30m', grace: '5m' }))
    .count({ store: 'visits', onLate: (late) => late.to('late') })
    .toStream()
    .to('visits');
  const topology = builder.build();

  /** Every change so far: a removed session has no count. */
  function changes(driver: TopologyTestDriver): string[] {
    const visits = driver.output('visits', { key: sessionWindowedSerde(stringSerde), value: numberSerde });
    return visits.readAll().map(({ key, value }) => {
      const [start, end] = [(key?.start ?? 0) / minute, (key?.end ?? 0) / minute];
      return `${key?.key} ${start} to ${end}: ${value ?? 'gone'}`;
    });
  }

  test('go on while records are no further apart than the gap', () => {
    const driver = new TopologyTestDriver(topology);
    const clicks = driver.input('clicks', strings);
    clicks.pipe('ada', '/home', 0);
    // The bounds of the session change, so the session as it was is removed from the result.
    clicks.pipe('ada', '/cart', 20 * minute);
    // More than half an hour later: another session.
    clicks.pipe('ada', '/home', 55 * minute);
    expect(changes(driver)).toEqual([
      'ada 0 to 0: 1',
      'ada 0 to 0: gone',
      'ada 0 to 20: 2',
      'ada 55 to 55: 1',
    ]);
  });

  test('become one when a record closes the gap between them', () => {
    const driver = new TopologyTestDriver(topology);
    const clicks = driver.input('clicks', strings);
    clicks.pipe('ada', '/home', 0);
    clicks.pipe('ada', '/cart', 32 * minute);
    // It was on its way for long, and belongs to both.
    clicks.pipe('ada', '/search', 20 * minute);
    expect(changes(driver).slice(-3)).toEqual(['ada 0 to 0: gone', 'ada 32 to 32: gone', 'ada 0 to 32: 3']);
    // With `aggregate`, a merger says how the aggregates of two sessions become one.
    expect(driver.sessionStore('visits').fetch('ada')).toEqual([{ start: 0, end: 32 * minute, value: 3 }]);
  });

  test('take no record when stream time is more than gap and grace past their end', () => {
    const driver = new TopologyTestDriver(topology);
    const clicks = driver.input('clicks', strings);
    clicks.pipe('ada', '/home', 0);
    clicks.pipe('bob', '/home', 35 * minute + 1);
    clicks.pipe('ada', '/late', 0);
    expect(driver.output('late', strings).readAll()).toMatchObject([{ value: '/late' }]);
  });
});

test('sliding windows hold records that are close together, wherever that is', () => {
  const builder = new StreamsBuilder();
  builder
    .stream('logins', strings)
    .groupByKey()
    .windowedBy(sliding({ timeDifference: '1m', grace: '10s' }))
    .count()
    // Three within any minute, not within a minute of the clock.
    .filter((count) => count >= 3)
    .toStream()
    .to('alarms');
  const driver = new TopologyTestDriver(builder.build());
  const logins = driver.input('logins', strings);
  for (const second of [100, 130, 159]) logins.pipe('ada', 'failed', second * 1000);
  const alarms = driver.output('alarms', { key: windowedSerde(stringSerde, minute), value: numberSerde });
  const alarm = alarms.readAll().find(({ value }) => value !== undefined);
  // Both bounds are in the window.
  expect(alarm).toMatchObject({ key: { key: 'ada', start: 99_000, end: 159_000 }, value: 3 });
});

describe('final results', () => {
  const perMinute = { key: windowedSerde(stringSerde, minute), value: numberSerde };
  const windows = tumbling({ size: '1m', grace: '30s' });

  test('untilWindowCloses gives each window once, when nothing can change it any more', () => {
    const builder = new StreamsBuilder();
    builder
      .stream('clicks', strings)
      .groupByKey()
      .windowedBy(windows)
      .count()
      .suppress(untilWindowCloses({ name: 'final-counts' }))
      .toStream()
      .to('counts');
    const driver = new TopologyTestDriver(builder.build());
    const clicks = driver.input('clicks', strings);
    const counts = driver.output('counts', perMinute);
    clicks.pipe('ada', '/home', 0);
    clicks.pipe('ada', '/cart', 59_999);
    clicks.pipe('bob', '/home', minute + 29_999);
    expect(counts.readAll()).toEqual([]);
    // What waits is in a changelog: a crash loses nothing, and gives nothing twice.
    driver.crash();
    // Stream time moves with records only. When no more come, the last windows wait.
    clicks.pipe('bob', '/home', minute + 30_000);
    expect(counts.readAll()).toMatchObject([{ key: { key: 'ada', start: 0 }, value: 2 }]);
  });

  test('emitStrategy gives them without a buffer, straight from the windows', () => {
    const builder = new StreamsBuilder();
    builder
      .stream('clicks', strings)
      .groupByKey()
      .windowedBy(windows)
      .emitStrategy('onWindowClose')
      .count()
      .toStream()
      .to('counts');
    const driver = new TopologyTestDriver(builder.build());
    const clicks = driver.input('clicks', strings);
    clicks.pipe('ada', '/home', 0);
    clicks.pipe('ada', '/cart', 30_000);
    clicks.pipe('bob', '/home', minute + 30_000);
    expect(driver.output('counts', perMinute).readAll()).toMatchObject([{ key: { key: 'ada' }, value: 2 }]);
  });

  test('untilTimeLimit calms any table; a full buffer gives what has waited longest', () => {
    const builder = new StreamsBuilder();
    builder
      .table('users', strings)
      .suppress(untilTimeLimit('10s', { maxRecords: 2 }))
      .toStream()
      .to('calm');
    const driver = new TopologyTestDriver(builder.build());
    const users = driver.input('users', strings);
    const calm = driver.output('calm', strings);
    users.pipe('ada', 'Vienna', 0);
    users.pipe('ada', 'Graz', 9000);
    expect(calm.readAll()).toEqual([]);
    // Ten seconds after the first change, the last one comes out.
    users.pipe('bob', 'Linz', 10_000);
    expect(calm.readAll()).toMatchObject([{ key: 'ada', value: 'Graz' }]);
    users.pipe('cyd', 'Wels', 10_001);
    users.pipe('dan', 'Enns', 10_002);
    expect(calm.readAll()).toMatchObject([{ key: 'bob' }]);
    // With `whenFull: 'shutDown'` the application ends with BUFFER_FULL instead: what is final stays final.
  });
});
