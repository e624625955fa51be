// End to end: events posted over HTTP come back from the query API once each, whatever is killed meanwhile;
// on an open stack or on a secure one.
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultTopics } from '@activity/contracts';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { mongoUrl } from '@activity/testbed/servers/mongo';
import type { Ports } from '@activity/local/parts/services';
import type { Pipeline } from '@activity/local/pipeline/pipeline';
import { loopback } from '@activity/testbed/process/ports';
import { mongoAccess } from '@activity/local/secure/mongo';
import { countsByUser, postAll, samplePosts, type Post } from './activity.ts';
import { freePorts } from '@activity/local/testing/free-ports';
import { reachOf } from './reach.ts';
import { pidOf, startQuietly } from './stack.ts';
import { startWitness, type Seen } from './witness.ts';

const page = z.object({
  data: z.array(z.object({ eventId: z.string(), userId: z.string(), activityType: z.string() })),
  pagination: z.object({ total: z.number() }),
});
const activity = z.object({ total: z.number(), byType: z.record(z.string(), z.number()) });
const enriched = z.object({ _id: z.number(), eventId: z.string(), userId: z.string() });
const windowCount = z.object({
  userId: z.string(),
  size: z.string(),
  total: z.number(),
  byType: z.record(z.string(), z.number()),
});

const dataDir = mkdtempSync(join(tmpdir(), 'activity-pipeline-'));
let ports: Ports;
let pipeline: Pipeline;
let secure: boolean;
/** Everything that was accepted, once each. */
const accepted = new Map<string, Post>();

async function start(): Promise<number> {
  const began = Date.now();
  pipeline = await startQuietly({ ports, dataDir, secure });
  return Date.now() - began;
}

async function getJson(path: string): Promise<unknown> {
  const { query, headers } = reachOf(pipeline);
  const answer = await fetch(`${query}${path}`, { headers });
  expect(answer.status).toBe(200);
  return answer.json();
}

async function storedTotal(): Promise<number> {
  return page.parse(await getJson('/api/logs?limit=1')).pagination.total;
}

function isOf(post: Post): (record: Seen) => boolean {
  return (record) => enriched.safeParse(record.value).data?.eventId === post.eventId;
}

/**
 * Posts events behind all others: partitions keep their order, so once these are read everything before has
 * been. Enough of them that each of the four partitions gets some.
 */
async function postFence(name: string): Promise<Post[]> {
  const fence = samplePosts(name, 37);
  await send(fence);
  return fence;
}

async function send(posts: readonly Post[]): Promise<void> {
  const { edge, headers } = reachOf(pipeline);
  await postAll(edge, posts, headers);
  for (const one of posts) accepted.set(one.eventId, one);
}

/** What MongoDB, the query API and Kafka hold is exactly what was posted, once each. */
async function expectExactlyOnce(fence: readonly Post[]): Promise<void> {
  await vi.waitFor(async () => expect(await storedTotal()).toBe(accepted.size), { timeout: 60_000 });
  await expectStored();
  for (const [userId, byType] of countsByUser([...accepted.values()])) {
    const total = Object.values(byType).reduce((sum, one) => sum + one, 0);
    await vi.waitFor(
      async () =>
        expect(activity.parse(await getJson(`/api/users/${userId}/activity`))).toEqual({ total, byType }),
      { timeout: 10_000 },
    );
  }
  await expectInKafka(fence);
  expect(await storedTotal()).toBe(accepted.size);
}

async function expectStored(): Promise<void> {
  const { security } = pipeline;
  const client = new MongoClient(mongoUrl(ports.mongodb, security && mongoAccess(security, 'admin')));
  try {
    const logs = client.db().collection<{ _id: number; eventId: string }>('logs');
    const stored = await logs.distinct('eventId');
    expect(stored.map(String).toSorted()).toEqual([...accepted.keys()].toSorted());
    expect(
      await logs.countDocuments({
        _id: { $type: 'long' },
        timestamp: { $type: 'date' },
        createdAt: { $type: 'date' },
      }),
    ).toBe(accepted.size);
    expect(await logs.countDocuments()).toBe(accepted.size);
  } finally {
    await client.close();
  }
}

async function expectInKafka(fence: readonly Post[]): Promise<void> {
  const topics = [defaultTopics.enriched, defaultTopics.counts];
  const witness = await startWitness(`${loopback}:${ports.kafka}`, topics, pipeline.security?.kafka);
  try {
    const logs = (): Seen[] => witness.seen.filter(({ topic }) => topic === defaultTopics.enriched);
    await vi.waitFor(() => expect(fence.every((one) => logs().some(isOf(one)))).toBe(true), {
      timeout: 60_000,
    });
    const fenced = logs().filter((record) => fence.some((one) => isOf(one)(record)));
    expect(new Set(fenced.map(({ partition }) => partition)).size).toBe(4);
    const read = logs().map(({ value }) => enriched.parse(value));
    expect(read.map(({ eventId }) => eventId).toSorted()).toEqual([...accepted.keys()].toSorted());
    expect(new Set(read.map(({ _id }) => _id)).size).toBe(accepted.size);
    await vi.waitFor(() => expect(minuteCounts(witness.seen)).toEqual(countsByUser([...accepted.values()])), {
      timeout: 10_000,
    });
  } finally {
    await witness.close();
  }
}

/** The newest count of every minute window, added up by user and type. */
function minuteCounts(seen: readonly Seen[]): Map<string, Record<string, number>> {
  const newest = new Map<string, z.infer<typeof windowCount>>();
  for (const { topic, key, value } of seen) {
    const count = topic === defaultTopics.counts ? windowCount.parse(value) : undefined;
    if (count?.size === 'minute') newest.set(key, count);
  }
  const sums = new Map<string, Record<string, number>>();
  for (const { userId, byType } of newest.values()) {
    const sum = sums.get(userId) ?? {};
    for (const [type, count] of Object.entries(byType)) sum[type] = (sum[type] ?? 0) + count;
    sums.set(userId, sum);
  }
  return sums;
}

/** The pipeline that runs, for tests after these. */
export interface Running {
  ports: Ports;
  dataDir: string;
}

/** Registers the tests. Returns what is there once they run. */
export function testPipeline(options: { secure: boolean }): () => Running {
  secure = options.secure;

  beforeAll(async () => {
    ports = await freePorts();
    await start();
  });

  afterAll(async () => {
    await pipeline.stop();
    rmSync(dataDir, { recursive: true });
  });

  test('1,000 posts and 200 of them again are 1,000 logs', async () => {
    const posts = samplePosts('calm', 1_000);
    await send([...posts.slice(0, 600), ...posts.slice(0, 100), ...posts.slice(600), ...posts.slice(900)]);
    await expectExactlyOnce(await postFence('calm-fence'));
  }, 120_000);

  test('stopped and started again it has the data, is ready within 15 s and repeats nothing', async () => {
    await pipeline.stop();
    // On a machine that is busy with something else the same work takes longer.
    const others = Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());
    const took = await start();
    console.log(`Started again in ${took} ms.`);
    expect(took).toBeLessThan(15_000 * others);
    expect(await storedTotal()).toBe(accepted.size);
    await expectExactlyOnce(await postFence('again-fence'));
  }, 120_000);

  test('the same with the processor killed three times meanwhile', async () => {
    const posts = samplePosts('stormy', 1_000);
    const again = posts.filter((_, index) => index % 5 === 0);
    for (const kill of [1, 2, 3]) {
      const from = (kill - 1) * 250;
      const sent = send(posts.slice(from, from + 250)).then(() => send(again.slice(0, kill * 50)));
      await vi.waitFor(async () => expect(await storedTotal()).toBeGreaterThan(0));
      process.kill(pidOf(pipeline, 'processor'), 'SIGKILL');
      await sent;
      await vi.waitFor(
        () =>
          expect(pipeline.parts.find(({ name }) => name === 'processor')).toMatchObject({
            restarts: kill,
            trouble: undefined,
          }),
        { timeout: 60_000, interval: 100 },
      );
    }
    await send([...posts.slice(750), ...again.slice(150)]);
    await expectExactlyOnce(await postFence('stormy-fence'));
  }, 240_000);
  return () => ({ ports, dataDir });
}
