// An imported history on the real stack: posted after today's events, out of order, broken off and started
// again, the processor killed meanwhile. Each documented statistic is then what this test adds up itself.
import { collections } from '@activity/contracts';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { addedUp } from '@activity/processor/testing/added-up';
import { mongoUrl } from '@activity/testbed/servers/mongo';
import { loopback } from '@activity/testbed/process/ports';
import { randomOf } from '@activity/testbed/testing/random';
import { startStack, type Stack } from './testing/stack.ts';

interface Post {
  eventId: string;
  userId: string;
  activityType: string;
  timestamp: string;
}

const hour = 3_600_000;
const day = 24 * hour;
const types = ['LOGIN', 'PAGE_VIEW', 'API_CALL'];
const bucket = z.object({ start: z.string(), total: z.number(), byType: z.record(z.string(), z.number()) });
const timeline = z.object({ buckets: z.array(bucket) });

let stack: Stack;
let client: MongoClient;

beforeAll(async () => {
  stack = await startStack('history');
  client = await new MongoClient(mongoUrl(stack.ports.mongodb)).connect();
});

afterAll(async () => {
  await client?.close();
  await stack.stop();
});

async function postBatches(posts: readonly Post[]): Promise<void> {
  for (let from = 0; from < posts.length; from += 100) {
    const answer = await fetch(`http://${loopback}:${stack.ports.ingest}/api/logs/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(posts.slice(from, from + 100)),
    });
    expect(await answer.json()).toMatchObject({ refused: 0 });
  }
}

async function getJson(path: string): Promise<unknown> {
  const answer = await fetch(`http://${loopback}:${stack.ports.query}${path}`);
  const body: unknown = await answer.json();
  expect([answer.status, body]).toEqual([200, expect.anything()]);
  return body;
}

/** Today's events of some users, then a history: most of a week, some of weeks and of a year ago. */
function history(now: number): { today: Post[]; past: Post[] } {
  const random = randomOf(17);
  const pick = (count: number): number => Math.floor(random() * count);
  function post(eventId: string, time: number): Post {
    const userId = `user ${pick(40)}`;
    return { eventId, userId, activityType: types[pick(3)] ?? '', timestamp: new Date(time).toISOString() };
  }
  const today = Array.from({ length: 20 }, (_, index) => post(`today ${index}`, now - pick(60_000)));
  const past = Array.from({ length: 700 }, (_, index) => {
    const back =
      index < 600 ? pick(7 * day) : index < 650 ? 20 * day + pick(20 * day) : 360 * day + pick(3 * day);
    return post(`past ${index}`, now - 40 * 60_000 - back);
  });
  return { today, past };
}

function countOf(posts: readonly Post[], key: (post: Post) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const post of posts) counts[key(post)] = (counts[key(post)] ?? 0) + 1;
  return counts;
}

/** Everything is in MongoDB: logs, and the counts that hours and days are made of. */
async function stored(total: number): Promise<void> {
  const db = client.db();
  const sum = (lines: readonly string[], of: RegExp): number =>
    lines.filter((line) => of.test(line)).reduce((all, line) => all + Number(line.split(' ').at(-1)), 0);
  await vi.waitFor(
    async () => {
      expect(await db.collection(collections.logs).countDocuments()).toBe(total);
      const counts = addedUp(
        await db.collection(collections.counts).find().toArray(),
        await db.collection(collections.globalCounts).find().toArray(),
      );
      expect(sum(counts.counts, /\|day\|/)).toBe(total);
      expect(sum(counts.counts, /\|hour\|/)).toBe(total);
      expect(sum(counts.everyone, /^day/)).toBe(total);
    },
    { timeout: 90_000, interval: 500 },
  );
}

test('a history that is imported after today’s events is in every statistic, to the last number', async () => {
  const now = Date.now();
  const { today, past } = history(now);
  await postBatches(today);
  await stored(today.length);
  await postBatches(past.slice(0, 400));
  process.kill(stack.pid('processor'), 'SIGKILL');
  // The import was broken off, and begins again.
  await postBatches(past);
  const all = [...today, ...past];
  await stored(all.length);

  // Numbers of before the import may still be remembered: that is another test's.
  process.kill(stack.pid('query'), 'SIGKILL');
  await vi.waitFor(async () => getJson('/api/logs?limit=1'), { timeout: 60_000, interval: 500 });

  const dayOf = ({ timestamp }: Post): string => timestamp.slice(0, 10);
  async function buckets(
    path: string,
    from: number,
    to: number,
    query = '',
  ): Promise<Record<string, number>> {
    const range = `from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`;
    const { buckets: found } = timeline.parse(await getJson(`${path}?${range}${query}`));
    return Object.fromEntries(
      found.filter(({ total }) => total > 0).map(({ start, total }) => [start, total]),
    );
  }
  const midnight = Math.floor(now / day) * day;
  const begin = midnight - 366 * day;
  const end = midnight + day;
  const days = countOf(all, (post) => `${dayOf(post)}T00:00:00.000Z`);
  expect(await buckets('/api/stats/timeline', begin, end, '&interval=day')).toEqual(days);
  const lastWeek = all.filter(({ timestamp }) => Date.parse(timestamp) >= midnight - 9 * day);
  expect(await buckets('/api/stats/timeline', midnight - 9 * day, end, '&interval=hour')).toEqual(
    countOf(lastWeek, ({ timestamp }) => `${timestamp.slice(0, 13)}:00:00.000Z`),
  );
  // Days of Kolkata begin at 18:30 UTC.
  const shift = 5.5 * hour;
  expect(await buckets('/api/stats/timeline', begin, end + day, '&interval=day&tz=Asia/Kolkata')).toEqual(
    countOf(all, ({ timestamp }) => {
      const start = Math.floor((Date.parse(timestamp) + shift) / day) * day - shift;
      return new Date(start).toISOString();
    }),
  );
  const byType = countOf(all, ({ activityType }) => activityType);
  expect(await getJson(`/api/stats/types?from=${begin}&to=${end}`)).toMatchObject({
    total: all.length,
    types: Object.entries(byType)
      .toSorted(([, a], [, b]) => b - a)
      .map(([activityType, total]) => ({ activityType, total })),
  });
  const users = new Set(all.map(({ userId }) => userId));
  expect(await getJson('/api/stats/overview')).toMatchObject({
    events: { total: all.length },
    users: { known: users.size },
  });
  const active = z.object({ days: z.array(z.object({ day: z.string(), users: z.number() })) });
  const usersOf = Map.groupBy(all, dayOf);
  for (const one of active.parse(await getJson('/api/stats/active-users?days=90')).days) {
    const found = new Set((usersOf.get(one.day) ?? []).map(({ userId }) => userId));
    expect(one).toEqual({ day: one.day, users: found.size });
  }
  for (const userId of users) {
    const theirs = all.filter((post) => post.userId === userId);
    const path = `/api/users/${encodeURIComponent(userId)}`;
    expect(await buckets(`${path}/timeline`, begin, end, '&interval=day')).toEqual(
      countOf(theirs, (post) => `${dayOf(post)}T00:00:00.000Z`),
    );
    expect(await buckets(`${path}/timeline`, midnight - 50 * day, end, '&interval=hour')).toEqual(
      countOf(
        theirs.filter(({ timestamp }) => Date.parse(timestamp) >= midnight - 50 * day),
        ({ timestamp }) => `${timestamp.slice(0, 13)}:00:00.000Z`,
      ),
    );
    const times = theirs.map(({ timestamp }) => timestamp).toSorted();
    expect(await getJson(`${path}/activity`)).toMatchObject({
      total: theirs.length,
      byType: countOf(theirs, ({ activityType }) => activityType),
      firstSeen: times[0],
      lastSeen: times.at(-1),
    });
  }
}, 400_000);
