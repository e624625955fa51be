// The thorough look at MongoDB: what is stored right, and every kind of what is not.
import { collections, windowSizes } from '@activity/contracts';
import { servers } from '@activity/testbed/testing';
import { MongoClient, type Db, type Document } from 'mongodb';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { differencesOf } from './differences.ts';
import { sumsOf } from './sums.ts';

const times = ['2026-03-01T11:59:59.999Z', '2026-03-01T12:00:00.000Z'];
const events = times.map((timestamp, index) => ({
  eventId: `event-${index}`,
  userId: 'ann',
  activityType: 'LOGIN',
  metadata: {},
  timestamp,
}));
const sums = sumsOf(events);

let client: MongoClient;
let db: Db;

beforeAll(async () => {
  client = await new MongoClient(servers().mongodb).connect();
  db = client.db('bench_differences');
});

afterAll(async () => {
  await db.dropDatabase();
  await client.close();
});

function windows(sizes: readonly (keyof typeof windowSizes)[], userId?: string): Document[] {
  return sizes.flatMap((size) => {
    const starts = times.map((time) => Math.floor(Date.parse(time) / windowSizes[size]) * windowSizes[size]);
    return [...new Set(starts)].map((start) => {
      const total = starts.filter((one) => one === start).length;
      return { size, userId, windowStart: new Date(start), total, byType: { LOGIN: total } };
    });
  });
}

beforeEach(async () => {
  await db.dropDatabase();
  const logs = events.map((event, _id) => ({
    ...event,
    _id: _id as never,
    timestamp: new Date(event.timestamp),
  }));
  await db.collection(collections.logs).insertMany(logs);
  const [firstSeen, lastSeen] = times.map((time) => new Date(time));
  await db
    .collection(collections.users)
    .insertOne({ userId: 'ann', total: 2, byType: { LOGIN: 2 }, firstSeen, lastSeen });
  await db.collection(collections.counts).insertMany(windows(['minute', 'hour', 'day'], 'ann'));
  await db.collection(collections.globalCounts).insertMany(windows(['minute']));
});

test('what is stored as the sender has it has no differences', async () => {
  expect(await differencesOf(db, sums)).toEqual([]);
});

test.each<[string, (of: Db) => Promise<unknown>, RegExp]>([
  [
    'a log is missing',
    (of) => of.collection(collections.logs).deleteOne({ eventId: 'event-1' }),
    /^logs: 1 of 2/,
  ],
  [
    'a log is there twice',
    (of) => of.collection(collections.logs).insertOne({ ...events[0], timestamp: new Date(times[0] ?? '') }),
    /^1 logs are stored more than once/,
  ],
  [
    'a window is wrong by one',
    (of) =>
      of.collection(collections.counts).updateOne({ size: 'day' }, { $set: { total: 3, 'byType.LOGIN': 3 } }),
    /^windows of users: 1 of 5 differ: ann\|day\|.* is 3, not 2/,
  ],
  [
    'a window that is not the sum of its types',
    (of) => of.collection(collections.counts).updateOne({ size: 'day' }, { $set: { total: 3 } }),
    /^counts: .* has a total of 3, not 2/,
  ],
  [
    'a user was seen at another time',
    (of) => of.collection(collections.users).updateOne({}, { $set: { lastSeen: new Date(0) } }),
    /^totals of users: 1 of 2/,
  ],
  [
    'a minute is missing',
    (of) => of.collection(collections.globalCounts).deleteOne({}),
    /^minutes of everybody: 1 of 2/,
  ],
])('%s', async (_, spoil, expected) => {
  await spoil(db);
  const found = await differencesOf(db, sums);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(expected);
});
