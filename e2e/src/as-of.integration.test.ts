// asOf on the whole pipeline: while every statistic is read, no answer contradicts its own; while a part
// stands, so does the asOf of what is made of it, and no other.
import { setTimeout as sleep } from 'node:timers/promises';
import { collections, defaultTopics } from '@activity/contracts';
import { partitionOf } from '@activity/kafka/core';
import { Kafka, logLevel } from 'kafkajs';
import { MongoClient } from 'mongodb';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { migrate } from '@activity/connect/migrate';
import { restAuthorization } from '@activity/testbed/servers/connect-rest';
import { mongoUrl } from '@activity/testbed/servers/mongo';
import { loopback } from '@activity/testbed/process/ports';
import { sliceOf } from '@activity/testbed/testing/slice';
import { readWhilePosted } from './testing/read-while-posted.ts';
import { postShopEvents } from './testing/shop-week.ts';
import { startStack, type Stack } from './testing/stack.ts';

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9));

let stack: Stack;
let edge: string;
let query: string;

beforeAll(async () => {
  stack = await startStack('as-of');
  edge = `http://${loopback}:${stack.ports.ingest}`;
  query = `http://${loopback}:${stack.ports.query}`;
});

afterAll(() => stack?.stop());

test(`a slice of a shop’s week, read while it is posted (SEED=${seed}): no answer contradicts its asOf`, async () => {
  const size = { events: 300, users: 60, seed, withinMs: 60_000 };
  const { rightMs, asOfMs } = await readWhilePosted({ edge, query, ...size });
  expect(asOfMs).toBeGreaterThanOrEqual(rightMs);
}, 180_000);

/** Answers, and which collections each is made of. */
const answers = {
  '/api/users/shop-user-0/activity': ['users'],
  '/api/users/shop-user-0/timeline': ['counts'],
  '/api/stats/timeline': ['globalCounts', 'counts'],
  '/api/stats/types': ['globalCounts', 'counts'],
  '/api/stats/top-users': ['users'],
  '/api/stats/active-users': ['users', 'counts'],
  '/api/stats/overview': ['globalCounts', 'counts', 'ledger', 'users'],
  '/api/pipeline': Object.keys(collections),
};

async function asOfEach(): Promise<Map<string, number>> {
  const each = Object.keys(answers).map(async (path) => {
    const { asOf } = (await (await fetch(`${query}${path}`)).json()) as { asOf: string | null };
    return [path, asOf === null ? Number.NaN : Date.parse(asOf)] as const;
  });
  return new Map(await Promise.all(each));
}

/**
 * Posts an event of each of many users, so that every partition has some;
 * returns when the last was acknowledged.
 */
async function post(name: string): Promise<number> {
  const events = Array.from({ length: 40 }, (_, index) => ({
    eventId: `${name}-${index}`,
    userId: `shop-user-${index}`,
    activityType: 'LOGIN',
    time: Date.now(),
  }));
  await postShopEvents(edge, events, [], async () => {});
  return Date.now();
}

/**
 * Expects that the answers which are made of these collections stand before a moment, and that all others get
 * past it.
 */
async function expectStands(of: readonly string[], moment: number): Promise<void> {
  const stands = (path: string): boolean =>
    answers[path as keyof typeof answers].some((source) => of.includes(source));
  const others = Object.keys(answers).filter((path) => !stands(path));
  await vi.waitFor(
    async () => {
      const now = await asOfEach();
      for (const path of others)
        expect([path, now.get(path)]).toEqual([path, expect.toSatisfy((at) => at > moment)]);
    },
    { timeout: 60_000, interval: 500 },
  );
  await sleep(3_000);
  for (const [path, at] of [...(await asOfEach())].filter(([one]) => stands(one)))
    expect([path, at]).toEqual([path, expect.toSatisfy((time) => time <= moment)]);
}

async function expectAllPast(moment: number): Promise<void> {
  await vi.waitFor(
    async () => {
      for (const [path, at] of await asOfEach())
        expect([path, at]).toEqual([path, expect.toSatisfy((time) => time > moment)]);
    },
    { timeout: 120_000, interval: 500 },
  );
}

describe('while a part stands', () => {
  const restore: (() => Promise<unknown>)[] = [];
  async function end(): Promise<void> {
    for (const step of restore.splice(0).toReversed()) await step();
  }
  afterEach(end);

  async function connectorDoes(what: 'pause' | 'resume', connector: string): Promise<void> {
    const url = `http://${loopback}:${stack.ports.kafkaConnect}/connectors/${connector}/${what}`;
    const headers = { authorization: restAuthorization(stack.pipeline.restFolder) };
    expect((await fetch(url, { method: 'PUT', headers })).status).toBe(202);
  }

  test('Kafka Connect does nothing for a client without its password', async () => {
    const config = `http://${loopback}:${stack.ports.kafkaConnect}/connectors/activity-counts-sink/config`;
    for (const authorization of ['', `Basic ${btoa('connectors:wrong')}`]) {
      const headers = { ...(authorization && { authorization }), 'content-type': 'application/json' };
      const refused = [
        await fetch(config, { headers }),
        await fetch(config, { method: 'PUT', headers, body: '{}' }),
        await fetch(config.replace('/config', ''), { method: 'DELETE', headers }),
      ];
      expect(refused.map(({ status }) => status)).toEqual([401, 401, 401]);
    }
  });

  interface Standstill {
    what: string;
    /** The collections that stand. */
    of: readonly string[];
    /** Begins it, and adds to `restore` what ends it. */
    begin: () => Promise<unknown>;
  }

  async function openTransaction(topic: 'raw' | 'enriched'): Promise<void> {
    const kafka = new Kafka({ brokers: [`${loopback}:${stack.ports.kafka}`], logLevel: logLevel.NOTHING });
    const producer = kafka.producer({
      transactionalId: `open-${topic}`,
      idempotent: true,
      maxInFlightRequests: 1,
    });
    await producer.connect();
    const transaction = await producer.transaction();
    restore.push(
      async () => producer.disconnect(),
      async () => transaction.abort(),
    );
    const partition = partitionOf(Buffer.from('shop-user-0'), 4);
    await transaction.send({ topic: defaultTopics[topic], messages: [{ partition, value: '{}' }] });
  }

  const standstills: Standstill[] = [
    {
      what: 'one connector paused',
      of: ['counts'],
      async begin() {
        await connectorDoes('pause', 'activity-counts-sink');
        restore.push(async () => connectorDoes('resume', 'activity-counts-sink'));
        await sleep(2_000);
      },
    },
    {
      what: 'one task of a sink failed',
      of: ['users'],
      async begin() {
        const client = new MongoClient(mongoUrl(stack.ports.mongodb));
        const db = client.db();
        restore.push(
          async () => client.close(),
          async () =>
            migrate(db, { markerTtlSeconds: 604_800, windowTtlDays: { minute: 2, hour: 90, day: 730 } }),
        );
        // One user's document is refused, which stops the task that has the user's partition.
        await db.command({ collMod: 'users', validator: { _id: { $ne: 'shop-user-7' } } });
      },
    },
    {
      what: 'one partition of the raw topic behind an open transaction',
      of: Object.keys(collections),
      begin: async () => openTransaction('raw'),
    },
    {
      what: 'one partition of the enriched topic behind an open transaction',
      of: ['logs'],
      begin: async () => openTransaction('enriched'),
    },
  ];

  test.each(sliceOf(standstills, 1))(
    '$what: the answers made of its collections stand, all others go on',
    async ({ what, of, begin }) => {
      await begin();
      const posted = await post(what.replaceAll(' ', '-'));
      await expectStands(of, posted);
      await end();
      await expectAllPast(posted);
    },
    240_000,
  );

  test('a restart of the query service, and of the supervisor, takes nothing back', async () => {
    const before = await asOfEach();
    for (const part of ['query', 'connect']) process.kill(stack.pid(part), 'SIGKILL');
    await vi.waitFor(
      async () => {
        for (const [path, at] of await asOfEach()) {
          expect([path, at]).toEqual([path, expect.toSatisfy((time) => time >= (before.get(path) ?? 0))]);
        }
      },
      { timeout: 30_000, interval: 100 },
    );
    await expectAllPast(await post('restarted'));
  }, 240_000);
});
