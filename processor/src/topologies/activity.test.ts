import { logId } from '@activity/contracts';
import { describe, expect, test } from 'vitest';
import { headerOf, openPipeline, storesOf, takeOver } from '../testing/pipeline.ts';
import type { Output, TestPipeline } from '../testing/pipeline.ts';

const start = Date.parse('2026-03-01T12:00:00.000Z');
const minute = 60_000;

function iso(time: number): string {
  return new Date(time).toISOString();
}

function event(fields: object = {}, at = start): object {
  return {
    eventId: 'e1',
    userId: 'u1',
    activityType: 'LOGIN',
    metadata: { device: 'mobile' },
    timestamp: iso(at),
    receivedAt: iso(at),
    ...fields,
  };
}

/** The newest value of each key. */
function newest(records: readonly Output[]): Record<string, Record<string, unknown> | undefined> {
  return Object.fromEntries(records.map(({ key, value }) => [key ?? '', value]));
}

describe('an event', () => {
  test('becomes a log, counts, a user, a minute of all users, and an entry of the ledger', () => {
    const { pipe, read, deadLetters } = openPipeline({ now: start + 5 });
    pipe('u1', event(), start);
    expect(read('enriched')).toMatchObject([
      {
        key: 'u1',
        timestamp: start,
        value: {
          _id: 0,
          eventId: 'e1',
          userId: 'u1',
          activityType: 'LOGIN',
          metadata: { device: 'mobile' },
          timestamp: iso(start),
          receivedAt: iso(start),
          createdAt: iso(start + 5),
          session: 0,
          client: { device: 'mobile' },
        },
      },
    ]);
    expect(read('counts').map(({ value }) => value)).toMatchObject([
      { _id: 'u1|minute|2026-03-01T12:00:00.000Z', total: 1, byType: { LOGIN: 1 }, lastId: 0 },
      { _id: 'u1|hour|2026-03-01T12:00:00.000Z', total: 1 },
      { _id: 'u1|day|2026-03-01T00:00:00.000Z', total: 1, windowEnd: '2026-03-02T00:00:00.000Z' },
    ]);
    expect(newest(read('users'))).toMatchObject({
      u1: { total: 1, byType: { LOGIN: 1 }, rolling: { last5m: 1, last1h: 1, last24h: 1 }, lastId: 0 },
    });
    expect(newest(read('globalCounts'))).toEqual({
      'minute|2026-03-01T12:00:00.000Z': {
        _id: 'minute|2026-03-01T12:00:00.000Z',
        size: 'minute',
        windowStart: iso(start),
        windowEnd: iso(start + minute),
        total: 1,
        byType: { LOGIN: 1 },
        parts: { 0: { LOGIN: 1 } },
      },
    });
    expect(newest(read('ledger'))).toMatchObject({
      '0|all': { partition: 0, enriched: 1, duplicate: 0, firstOffset: 0, lastOffset: 0 },
      [`0|${iso(start)}`]: { minute: iso(start), enriched: 1 },
    });
    expect(deadLetters()).toEqual([]);
  });

  test('that comes again is dropped and counted; with another body it is a dead letter', () => {
    const { pipe, read, deadLetters } = openPipeline();
    pipe('u1', event(), start);
    pipe('u1', event({}, start + 1_000), start + 1_000);
    pipe('u1', event({ activityType: 'LOGOUT' }, start + 2_000), start + 2_000);
    pipe('u2', event({ userId: 'u2' }), start + 3_000);
    expect(read('enriched')).toHaveLength(2);
    const letters = deadLetters();
    expect(letters.map((letter) => headerOf(letter, 'dead-letter.reason'))).toEqual([
      'conflicting-duplicate',
    ]);
    expect(newest(read('ledger'))['0|all']).toMatchObject({
      enriched: 2,
      duplicate: 1,
      deadLettered: 1,
      command: 0,
    });
  });

  test('that is late is a log, marked, in its hour and day, and in no minute but a late part', () => {
    const { pipe, read } = openPipeline();
    pipe('u1', event(), start);
    pipe('u1', event({ eventId: 'e2' }, start + 30 * minute), start + 30 * minute);
    read('counts');
    pipe('u1', event({ eventId: 'e3', timestamp: iso(start + 5) }, start + 31 * minute), start + 31 * minute);
    expect(read('enriched').at(-1)?.value).toMatchObject({ eventId: 'e3', late: true });
    expect(read('counts').map(({ value }) => value)).toMatchObject([
      { _id: 'u1|hour|2026-03-01T12:00:00.000Z', total: 3 },
      { _id: 'u1|day|2026-03-01T00:00:00.000Z', total: 3 },
      {
        _id: '|minute|2026-03-01T12:00:00.000Z|late|2026-03-01|0',
        userId: '',
        size: 'late-minute',
        total: 1,
      },
      { _id: 'u1|minute|2026-03-01T12:00:00.000Z|late|2026-03-01', userId: 'u1', total: 1 },
    ]);
    expect(newest(read('ledger'))['0|all']).toMatchObject({ enriched: 3, late: 1 });
  });

  /** The newest late counts, and what is left of deleted ones. */
  function lateCounts({ read }: TestPipeline): ReturnType<typeof newest> {
    return newest(read('counts').filter(({ key }) => key?.includes('|late|')));
  }

  /**
   * Pipes an event of `start` for each time of arrival; another user's of that time moves stream time on
   * before it.
   */
  function pipeLate({ pipe }: TestPipeline, arrivals: readonly number[]): void {
    for (const at of arrivals) {
      pipe('u2', event({ eventId: `now ${at}`, userId: 'u2' }, at), at);
      pipe('u1', event({ eventId: `late ${at}`, timestamp: iso(start) }, at), at);
    }
  }

  test('is in its hour and its day however late it comes, by the day that it came', () => {
    const pipeline = openPipeline();
    const day = 24 * 60 * minute;
    pipeLate(pipeline, [start, start + 3 * day]);
    lateCounts(pipeline);
    pipeLate(pipeline, [start + 4 * day, start + 4 * day + 1]);
    const late = lateCounts(pipeline);
    expect(late).toMatchObject({
      'u1|hour|2026-03-01T12:00:00.000Z|late|2026-03-05': { userId: 'u1', size: 'late-hour', total: 2 },
      'u1|day|2026-03-01T00:00:00.000Z|late|2026-03-05': { size: 'late-day', byType: { LOGIN: 2 } },
      '|minute|2026-03-01T12:00:00.000Z|late|2026-03-05|0': { userId: '', size: 'late-minute', total: 2 },
    });
    expect(Object.keys(late)).toHaveLength(3);
  });

  test('that came late is not in late counts any more, read again where it is not', () => {
    const day = 24 * 60 * minute;
    const arrivals = [start, start + 5 * minute, start + 3 * day];
    const strict = openPipeline({ graceMs: 0, countStateMs: 60 * minute });
    pipeLate(strict, arrivals);
    const late = Object.keys(lateCounts(strict));
    expect(late).toHaveLength(5);

    const generous = openPipeline({ graceMs: 5 * day, countStateMs: 5 * day, now: start + 9 * day });
    pipeLate(generous, arrivals);
    const counts = newest(generous.read('counts'));
    expect(counts).toMatchObject({
      'u1|hour|2026-03-01T12:00:00.000Z': { total: 3 },
      'u1|day|2026-03-01T00:00:00.000Z': { total: 3 },
    });
    const [ofAll, ofUser] = [true, false].map((wanted) => late.filter((id) => id.startsWith('|') === wanted));
    for (const id of ofAll ?? []) expect(counts[id]).toMatchObject({ _id: id, total: 0, byType: {} });
    for (const id of ofUser ?? [])
      expect(counts[id]).toMatchObject({ _id: id, deletedAt: expect.any(String) });
  });

  test('from the future is clamped', () => {
    const { pipe, read } = openPipeline();
    pipe('u1', event({ timestamp: iso(start + 3_600_000) }), start);
    expect(read('enriched')).toMatchObject([
      { timestamp: start + 5 * minute, value: { timestamp: iso(start + 5 * minute), clamped: true } },
    ]);
  });
});

describe('a record that is no event', () => {
  test.each<[string, string | undefined, object | string | Buffer | undefined]>([
    ['undecodable', 'u1', '{'],
    ['undecodable', 'u1', Buffer.from([0xff, 0xfe])],
    ['invalid', 'u1', undefined],
    ['invalid', 'u1', '[]'],
    ['invalid', 'u1', event({ userId: 'u2' })],
    ['invalid', undefined, event()],
    ['invalid', 'u1', event({ activityType: 'NOPE' })],
    ['invalid', 'u1', event({ timestamp: '2026-03-01T12:00:00Z' })],
    ['invalid', 'u1', event({ timestamp: '1969-03-01T12:00:00.000Z' })],
    ['invalid', 'u1', event({ metadata: { $set: 1 } })],
    ['too-deep', 'u1', event({ metadata: JSON.parse('{"a":'.repeat(40) + '1' + '}'.repeat(40)) as object })],
    ['too-deep', 'u1', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['too-large', 'u1', event({ metadata: { text: 'x'.repeat(300_000) } })],
    ['invalid', undefined, { command: 'delete-log', id: 5 * 1024, requestedAt: iso(start) }],
    ['invalid', undefined, { command: 'delete-log', id: 1, requestedAt: iso(start) }],
    ['invalid', 'u2', { command: 'erase-user', userId: 'u1', requestedAt: iso(start) }],
    ['invalid', 'u2', { command: 'drop', requestedAt: iso(start) }],
  ])('is dead-lettered as %s: %s %j', (reason, key, value) => {
    const { pipe, read, deadLetters } = openPipeline();
    pipe(key, value, start);
    const [letter, ...more] = deadLetters();
    expect(more).toEqual([]);
    expect(letter && headerOf(letter, 'dead-letter.reason')).toBe(reason);
    expect(newest(read('ledger'))['0|all']).toMatchObject({
      deadLettered: 1,
      enriched: 0,
      duplicate: 0,
      command: 0,
    });
    for (const topic of ['enriched', 'counts', 'users', 'globalCounts', 'erasures'] as const) {
      expect(read(topic)).toEqual([]);
    }
  });
});

test('a record that is too large even for the dead letters leaves a letter without its bytes', () => {
  const { pipe, read, deadLetters } = openPipeline();
  pipe('u1', event({ metadata: { text: 'x'.repeat(999_900) } }), start);
  const [letter] = deadLetters();
  expect(letter).toMatchObject({ key: undefined, value: undefined });
  expect(letter && headerOf(letter, 'dead-letter.reason')).toBe('too-large');
  expect(letter && headerOf(letter, 'dead-letter.offset')).toBe('0');
  expect(letter && headerOf(letter, 'dead-letter.omitted')).toMatch(/^a record of \d+ bytes/);
  expect(newest(read('ledger'))['0|all']).toMatchObject({ deadLettered: 1 });
});

describe('a delete', () => {
  test('of one log puts a marker in its place, and is told from one that finds nothing', () => {
    const { pipe, read } = openPipeline();
    pipe('u1', event(), start);
    pipe('u1', event(), start);
    const command = { command: 'delete-log', id: 0, requestedAt: iso(start + minute) };
    pipe(undefined, command, start + minute);
    pipe(undefined, command, start + minute);
    pipe(undefined, { ...command, id: logId(0, 1) }, start + minute);
    expect(read('enriched').slice(1)).toMatchObject([
      { key: '0', value: { _id: 0, deletedAt: iso(start + minute), by: logId(0, 2) } },
      { key: '0', value: { _id: 0, deletedAt: iso(start + minute), by: logId(0, 3) } },
      { key: String(logId(0, 1)), value: { _id: logId(0, 1) } },
    ]);
    expect(newest(read('ledger'))['0|all']).toMatchObject({
      enriched: 1,
      duplicate: 1,
      command: 3,
      deleted: 1,
    });
  });

  test('of a user leaves markers, and what comes afterwards counts from zero', () => {
    const { pipe, read, driver } = openPipeline({ now: start });
    pipe('u1', event(), start);
    pipe('u1', event({ eventId: 'e2' }, start + 1_000), start + 1_000);
    pipe('u2', event({ userId: 'u2' }), start);
    for (const topic of ['enriched', 'counts', 'users'] as const) read(topic);
    pipe('u1', { command: 'erase-user', userId: 'u1', requestedAt: iso(start + 2_000) }, start + 2_000);
    const id = logId(0, 3);
    expect(read('erasures')).toMatchObject([
      {
        key: 'u1',
        value: { _id: id, userId: 'u1', requestedAt: iso(start + 2_000), processedAt: iso(start) },
      },
    ]);
    // No command can name the marker behind the logs, and so nothing else replaces it.
    expect(newest(read('enriched'))).toEqual({ [-1 - id]: { _id: -1 - id, deletedAt: iso(start), by: id } });
    expect(newest(read('counts'))).toMatchObject({
      [`u1|erased|${id}`]: { by: id },
      'u1|minute|2026-03-01T12:00:00.000Z': { deletedAt: iso(start), by: id },
      'u1|hour|2026-03-01T12:00:00.000Z': { deletedAt: iso(start) },
      'u1|day|2026-03-01T00:00:00.000Z': { deletedAt: iso(start) },
    });
    expect(newest(read('users'))).toEqual({ u1: { _id: 'u1', deletedAt: iso(start), by: id } });
    // What is left of the user keeps the erasure, or is a marker. Another user's state is whole.
    const markers = ['counts-by-minute', 'counts-by-hour', 'counts-by-day'];
    expect(storesOf(driver, 'u1')).toEqual(['people', ...markers]);
    const steps = ['dedupe-store', 'rolling-buckets', 'rolling-counts'];
    expect(storesOf(driver, 'u2')).toEqual(expect.arrayContaining(steps));
    // The same event ids are new ones now.
    driver.crash();
    pipe('u1', event({}, start + 3_000), start + 3_000);
    expect(newest(read('users'))['u1']).toMatchObject({
      total: 1,
      rolling: { last5m: 1, last1h: 1, last24h: 1 },
      firstSeen: iso(start + 3_000),
    });
    expect(newest(read('counts'))['u1|day|2026-03-01T00:00:00.000Z']).toMatchObject({ total: 1 });
    expect(read('enriched')).toMatchObject([{ value: { eventId: 'e1', session: logId(0, 4) } }]);
    expect(newest(read('ledger'))['0|all']).toMatchObject({ enriched: 4, command: 1, erased: 1 });
  });

  test('of a user refuses the replay of a record of before, and takes one of after', () => {
    const { pipe, read, deadLetters } = openPipeline();
    const replayed = (from: string): NonNullable<Parameters<TestPipeline['pipe']>[3]> => ({
      headers: [{ key: 'replay.from', value: Buffer.from(from) }],
    });
    pipe('u1', event({ activityType: '?' }), start);
    pipe('u1', { command: 'erase-user', userId: 'u1', requestedAt: iso(start) }, start);
    pipe('u1', event({ eventId: 'old' }), start, replayed('0/0'));
    pipe('u1', event({ eventId: 'new' }), start, replayed('0/2'));
    expect(deadLetters().map((letter) => headerOf(letter, 'dead-letter.message'))).toEqual([
      'activityType: ? is not known',
      'the user was erased after this record was written first',
    ]);
    const logs = read('enriched').filter(({ value }) => value?.['eventId'] !== undefined);
    expect(logs.map(({ value }) => value?.['eventId'])).toEqual(['new']);
  });

  test('of a user can refuse what comes of them later', () => {
    const { pipe, deadLetters } = openPipeline({ suppressErased: true });
    pipe('u1', { command: 'erase-user', userId: 'u1', requestedAt: iso(start) }, start);
    pipe('u1', event(), start);
    expect(deadLetters().map((letter) => headerOf(letter, 'dead-letter.reason'))).toEqual(['suppressed']);
  });
});

describe('rolling counts', () => {
  test('fall to zero for a silent user', () => {
    const { pipe, read, driver } = openPipeline({ now: start });
    pipe('u1', event(), start);
    driver.advanceWallClock(5 * minute + 2_000);
    expect(newest(read('users'))['u1']).toMatchObject({ rolling: { last5m: 0, last1h: 1, last24h: 1 } });
    driver.advanceWallClock(24 * 60 * minute);
    expect(newest(read('users'))['u1']).toMatchObject({
      total: 1,
      rolling: { last5m: 0, last1h: 0, last24h: 0 },
    });
  });
});

describe('read again under another application id, where retention has taken the first record', () => {
  test('late counts that cannot be told from it stay as they are stored', () => {
    const day = 24 * 60 * minute;
    const old = start - 5 * day;
    // The first one is what made all others late.
    const records: [string, number, number][] = [
      ['e1', start, start],
      ['e2', old, start + minute],
      ['e3', old, start + day],
      ['e4', old + 60 * minute, start + day],
      ['e5', old, start + day],
    ];
    function play({ pipe }: TestPipeline): void {
      for (const [eventId, time, at] of records)
        pipe('u1', event({ eventId, timestamp: iso(time), receivedAt: iso(at) }), at);
    }
    const before = openPipeline();
    play(before);
    const later = openPipeline({ now: start + 3 * day });
    takeOver(later, before, { from: 1 });
    play(later);
    const id = '|minute|2026-02-24T12:00:00.000Z|late|2026-03-02|0';
    const stored = { ...newest(before.read('counts')), ...newest(later.read('counts')) };
    expect(stored[id]).toMatchObject({ total: 2 });
    expect(stored['u1|hour|2026-02-24T12:00:00.000Z|late|2026-03-02']).toMatchObject({ total: 2 });
    expect(stored['u1|hour|2026-02-24T12:00:00.000Z|late|2026-03-01']).toMatchObject({ total: 1 });
  });

  const options = { suppressErased: true, commits: 'manual' } as const;

  /** Plays records into a pipeline, and into another that finds all of them but the first. */
  function again(playInto: (pipeline: TestPipeline) => void): TestPipeline {
    const first = openPipeline(options);
    playInto(first);
    first.driver.commit();
    const second = openPipeline(options);
    takeOver(second, first, { from: 1 });
    playInto(second);
    second.driver.commit();
    return second;
  }

  test('a duplicate is one still, and a conflicting one a dead letter', () => {
    const { read, deadLetters } = again(({ pipe }) => {
      pipe('u1', event(), start);
      pipe('u1', event({}, start + 1_000), start + 1_000);
      pipe('u1', event({ activityType: 'LOGOUT' }, start + 2_000), start + 2_000);
      pipe('u1', event({ eventId: 'e2' }, start + 3_000), start + 3_000);
    });
    expect(read('enriched').map(({ value }) => value?.['eventId'])).toEqual(['e2']);
    expect(deadLetters().map((letter) => headerOf(letter, 'dead-letter.reason'))).toEqual([
      'conflicting-duplicate',
    ]);
    expect(newest(read('ledger'))['0|all']).toMatchObject({ enriched: 1, duplicate: 1, deadLettered: 1 });
  });

  test('what comes of an erased user is refused still', () => {
    const { read, deadLetters } = again(({ pipe }) => {
      pipe('u1', { command: 'erase-user', userId: 'u1', requestedAt: iso(start) }, start);
      pipe('u1', event({}, start + 1_000), start + 1_000);
      pipe('u2', event({ userId: 'u2' }, start + 1_000), start + 1_000);
    });
    expect(read('enriched').map(({ key }) => key)).toEqual(['u2']);
    expect(deadLetters().map((letter) => headerOf(letter, 'dead-letter.reason'))).toEqual(['suppressed']);
  });
});
