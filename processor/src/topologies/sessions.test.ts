// Sessions on the topology: what a late log between two of them writes, and what deletes and erasures leave.
import { logId } from '@activity/contracts';
import { stringSerde } from '@activity/streams';
import { expect, test } from 'vitest';
import { openPipeline, storesOf, type Output, type TestPipeline } from '../testing/pipeline.ts';

const now = Date.parse('2026-03-01T12:00:00.000Z');
const minute = 60_000;

function iso(time: number): string {
  return new Date(time).toISOString();
}

let sent = 0;

/** Sends an event that happened `ago` minutes before now; returns what comes out. */
function send({ pipe, read }: TestPipeline, ago: number, fields: object = {}): Output[] {
  const [timestamp, receivedAt] = [iso(now - ago * minute), iso(now)];
  const eventId = `e${sent++}`;
  const event = { eventId, userId: 'ann', activityType: 'LOGIN', metadata: {}, timestamp, receivedAt };
  pipe('ann', { ...event, timestampGiven: true, ...fields }, now);
  return read('enriched');
}

/** The sessions of the logs among records; merges as they are. */
function seen(records: readonly Output[]): unknown[] {
  return records.map(({ value }) => value?.['merge'] ?? value?.['session']);
}

test('an upload of two hours ago is one session, and what closes the gap merges it', () => {
  const pipeline = openPipeline({ now });
  expect(seen(send(pipeline, 0))).toEqual([0]);
  const second = logId(0, 1);
  for (const ago of [120, 119, 118]) expect(seen(send(pipeline, ago))).toEqual([second]);
  pipeline.driver.crash();
  for (const ago of [90, 60]) expect(seen(send(pipeline, ago))).toEqual([second]);
  const last = logId(0, 6);
  const records = send(pipeline, 30);
  expect(seen(records)).toEqual([
    0,
    {
      userId: 'ann',
      session: 0,
      merged: [second],
      from: iso(now - 120 * minute),
      to: iso(now - 60 * minute),
    },
  ]);
  expect(records[1]).toMatchObject({ key: 'ann', value: { _id: -1 - last, by: last, deletedAt: iso(now) } });
  expect(seen(send(pipeline, 100))).toEqual([0]);
});

test('a copy joins nothing, and a deleted log holds its sessions together', () => {
  const pipeline = openPipeline({ now });
  send(pipeline, 120, { eventId: 'first' });
  send(pipeline, 60, { eventId: 'last' });
  expect(send(pipeline, 60, { eventId: 'last' })).toEqual([]);
  const between = logId(0, 3);
  expect(seen(send(pipeline, 90))).toEqual([
    0,
    expect.objectContaining({ session: 0, merged: [logId(0, 1)] }),
  ]);
  pipeline.pipe(undefined, { command: 'delete-log', id: between, requestedAt: iso(now) }, now);
  expect(pipeline.read('enriched')).toMatchObject([{ value: { _id: between, deletedAt: iso(now) } }]);
  expect(seen(send(pipeline, 61))).toEqual([0]);
});

test('an erasure forgets all sessions of a user, and no merge names one of before', () => {
  const pipeline = openPipeline({ now });
  for (const ago of [200, 100, 0]) send(pipeline, ago);
  expect(storesOf(pipeline.driver, ' ann')).toEqual(['people']);
  pipeline.pipe('ann', { command: 'erase-user', userId: 'ann', requestedAt: iso(now) }, now);
  expect(storesOf(pipeline.driver, ' ann')).toEqual([]);
  pipeline.read('enriched');
  for (const [index, ago] of [0, 200, 170].entries())
    expect(seen(send(pipeline, ago))).toEqual([logId(0, 4 + Math.min(index, 1))]);
  // Between sessions of before.
  expect(seen(send(pipeline, 100))).toEqual([logId(0, 7)]);
});

test('without the enrichment nothing is remembered, and nothing merged', () => {
  const pipeline = openPipeline({ now, off: ['session'] });
  for (const ago of [60, 0, 30]) expect(seen(send(pipeline, ago))).toEqual([undefined]);
});

test('the session of a release that kept four numbers of a user takes late logs', () => {
  const pipeline = openPipeline({ now });
  const { driver } = pipeline;
  const changelog = driver.input('test-people-changelog', { key: stringSerde, value: stringSerde });
  // As if it had been processed before: the log 5 of an hour ago, by the first release.
  changelog.pipe('ann', [5, now - 60 * minute, now - 50 * minute, -1].join(), now);
  driver.crash();
  for (let record = 0; record < 6; record++) pipeline.pipe('bob', '{', now);
  expect(seen(send(pipeline, 100))).toEqual([logId(0, 6)]);
  expect(seen(send(pipeline, 75))).toEqual([
    5,
    expect.objectContaining({ session: 5, merged: [logId(0, 6)] }),
  ]);
  expect(seen(send(pipeline, 21))).toEqual([5]);
  driver.commit();
  const kept = driver.log
    .records('test-people-changelog', 0)
    .map(({ key, value }) => `${String(key)}: ${String(value)}`);
  // That release reads four numbers, and knows no user whose id begins with a blank.
  const start = now - 100 * minute;
  expect(kept.at(-1)).toBe(`ann: 5,${start},${now - 21 * minute},-1,3`);
});
