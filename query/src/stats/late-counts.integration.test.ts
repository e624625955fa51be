import { everyone, lateCountId, windowId, windowSizes, type WindowSize } from '@activity/contracts';
import { startMongo } from '@activity/testbed';
import type { LocalServer } from '@activity/testbed';
import { createLogger } from '@activity/service';
import { MongoClient } from 'mongodb';
import type { Collection, Db } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createReads } from '../reads/reads.ts';
import type { FreshnessOf } from '../pipeline/freshness.ts';
import { createRollups, type GlobalCountDocument, type Rollups } from './rollups.ts';
import { createStoredAgain, minuteSources } from './stored-again.ts';
import { createTopUsers, type TopUsers } from './top-users.ts';
import type { UserDocument } from './user-store.ts';
import { createUserStats, type UserStats } from './user-stats.ts';
import { createUserTimeline, type CountDocument } from './user-timeline.ts';

const now = Date.parse('2026-03-10T12:00:00.000Z');

const fresh: FreshnessOf = { asOf: null, version: undefined, partitions: new Map() };

let mongo: LocalServer;
let client: MongoClient;
let counts: Collection<CountDocument>;
let db: Db;
let rollups: Rollups;
let userStats: UserStats;
let topUsers: TopUsers;
let userTimeline: ReturnType<typeof createUserTimeline>;

function ofWindow(userId: string, size: WindowSize, start: string, total: number): CountDocument {
  const windowStart = new Date(start);
  const byType = { LOGIN: total };
  return { _id: windowId(userId, size, windowStart.toISOString()), userId, size, windowStart, total, byType };
}

function late(day: string, { _id, size, ...count }: CountDocument): CountDocument {
  return { ...count, _id: lateCountId(_id, day), size: `late-${size as WindowSize}` };
}

function lateOfAll(start: string, total: number, partition: number): CountDocument {
  const { _id, ...count } = late('2026-03-10', ofWindow(everyone, 'minute', start, total));
  return { ...count, _id: `${_id}|${partition}` };
}

beforeAll(async () => {
  mongo = await startMongo();
  client = await new MongoClient(mongo.address).connect();
  db = client.db();
  const reads = createReads({
    readTimeoutMs: 5_000,
    slowReadMs: 5_000,
    explainEveryMs: 0,
    metrics: { read: () => {}, readFailed: () => {}, explained: () => {} },
    logger: createLogger('test', 'silent'),
    now: Date.now,
  });
  counts = db.collection<CountDocument>('counts');
  const users = db.collection<UserDocument>('users');
  const minutes = db.collection<GlobalCountDocument>('globalCounts');
  rollups = createRollups({
    reads,
    globalCounts: minutes,
    storedAgain: createStoredAgain(reads, minuteSources(db)),
    now: () => now,
  });
  userStats = createUserStats({ reads, users, counts, now: () => now });
  topUsers = createTopUsers({ reads, users, counts });
  userTimeline = createUserTimeline(reads, counts, () => now);
  await counts.insertMany([
    ofWindow('ann', 'minute', '2026-03-10T11:40:00Z', 1),
    late('2026-03-10', ofWindow('ann', 'minute', '2026-03-10T11:40:00Z', 2)),
    ofWindow('ann', 'hour', '2026-03-10T11:00:00Z', 3),
    ofWindow('ann', 'hour', '2026-03-01T05:00:00Z', 10),
    late('2026-03-09', ofWindow('ann', 'hour', '2026-03-01T05:00:00Z', 20)),
    late('2026-03-10', ofWindow('ann', 'hour', '2026-03-01T05:00:00Z', 30)),
    ofWindow('ann', 'day', '2026-03-01T00:00:00Z', 10),
    late('2026-03-09', ofWindow('ann', 'day', '2026-03-01T00:00:00Z', 20)),
    late('2026-03-10', ofWindow('ann', 'day', '2026-03-01T00:00:00Z', 30)),
    ofWindow('bob', 'day', '2026-03-01T00:00:00Z', 1),
    late('2026-03-09', ofWindow('cleo|day', 'day', '2026-03-01T00:00:00Z', 4)),
    late('2026-03-10', ofWindow('cleo|day', 'day', '2026-03-01T00:00:00Z', 5)),
    lateOfAll('2026-03-01T05:07:00Z', 30, 0),
    lateOfAll('2026-03-01T05:07:00Z', 4, 1),
    lateOfAll('2026-03-10T11:52:00Z', 6, 1),
  ]);
  // What an erasure has left of a day, which a late event has come to since.
  await db.collection<{ _id: string; deletedAt: Date }>('counts').insertOne({
    _id: windowId('dan', 'day', '2026-03-01T00:00:00.000Z'),
    deletedAt: new Date(now),
  });
  await counts.insertOne(late('2026-03-10', ofWindow('dan', 'day', '2026-03-01T00:00:00Z', 1)));
  const minute = { size: 'minute', windowStart: new Date('2026-03-01T05:07:00Z') } as const;
  await minutes.insertMany([
    { _id: 'a', ...minute, total: 11, byType: { LOGIN: 10, LOGOUT: 1 } },
    { _id: 'b', ...minute, windowStart: new Date('2026-03-10T11:58:00Z'), total: 1, byType: { LOGIN: 1 } },
  ]);
  await users.insertMany([
    { _id: 'ann', userId: 'ann' },
    { _id: 'bob', userId: 'bob' },
    { _id: 'gone', userId: 'gone', deletedAt: new Date(now) },
    { _id: 'never was', userId: 'never was', deletedAt: new Date(now) },
  ]);
});

afterAll(async () => {
  await client?.close();
  await mongo?.stop();
});

async function bucketOf(interval: WindowSize, from: string, tz = 'UTC'): Promise<number | undefined> {
  const begin = Date.parse(from);
  const to = new Date(begin + windowSizes[interval]);
  const { buckets } = await userTimeline('ann', { interval, from: new Date(begin), to, tz });
  return buckets[0]?.total;
}

test('a user’s hours and days have all their parts; a minute has what came in time', async () => {
  expect(await bucketOf('hour', '2026-03-01T05:00:00Z')).toBe(60);
  expect(await bucketOf('day', '2026-03-01T00:00:00Z')).toBe(60);
  expect(await bucketOf('minute', '2026-03-10T11:40:00Z')).toBe(1);
  // An hour of a zone that is made of minutes.
  expect(await bucketOf('hour', '2026-03-10T11:30:00Z', 'Asia/Kolkata')).toBe(3);
});

test('the sums of all users have the late parts, to the minute; the minutes do not', async () => {
  const at = Date.parse('2026-03-01T05:07:00Z');
  expect(await rollups.minutes(at, at + 60_000)).toEqual([
    { start: at, total: 11, byType: { LOGIN: 10, LOGOUT: 1 } },
  ]);
  expect(await rollups.sum(at, at + 60_000, fresh)).toEqual({ total: 45, byType: { LOGIN: 44, LOGOUT: 1 } });
  expect(await rollups.sum(at + 60_000, at + 120_000, fresh)).toEqual({ total: 0, byType: {} });
  const day = Date.parse('2026-03-01T00:00:00Z');
  expect(await rollups.sum(day, day + windowSizes.day, fresh)).toMatchObject({ total: 45 });
  expect((await rollups.cells(day, day + windowSizes.day, fresh)).map(({ total }) => total)).toEqual([45]);
  expect(await rollups.sum(now - 3_600_000, now, fresh)).toEqual({ total: 7, byType: { LOGIN: 7 } });
});

test('a user counts once in a day, by whichever part; one who is erased does not count among the known', async () => {
  const { days } = await userStats.active(10, fresh);
  expect(days.find(({ day }) => day === '2026-03-01')).toEqual({ day: '2026-03-01', users: 4 });
  expect(await userStats.known()).toBe(2);
});

test('the busiest users have all their parts; the parts of all users are nobody’s', async () => {
  // One of all users, of a size that the processor does not write today.
  const ofAll = { ...late('2026-03-10', ofWindow(everyone, 'day', '2026-03-01T00:00:00Z', 99)) };
  await counts.insertOne({ ...ofAll, _id: `${ofAll._id}|0` });
  const ranked = async (from: string, to: string): Promise<[string, number][]> =>
    (await topUsers(Date.parse(from), Date.parse(to), 10)).map(({ userId, total }) => [userId, total]);
  const ofDay = [
    ['ann', 60],
    ['cleo|day', 9],
    ['bob', 1],
    ['dan', 1],
  ];
  expect(await ranked('2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z')).toEqual(ofDay);
  // Hours at both ends of the days, and hours alone.
  expect(await ranked('2026-02-28T22:00:00Z', '2026-03-02T01:00:00Z')).toEqual(ofDay);
  expect(await ranked('2026-03-01T05:00:00Z', '2026-03-01T06:00:00Z')).toEqual([['ann', 60]]);
  expect(await ranked('2026-02-28T05:00:00Z', '2026-03-01T06:00:00Z')).toEqual([['ann', 60]]);
});
