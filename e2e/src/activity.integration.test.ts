// The activity pipeline on real servers, held against the oracle: every document, every class of the ledger,
// and in Kafka.
import { collections, erasedLogsCollection, rawPosition, receiptsCollection } from '@activity/contracts';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { mongoUrl } from '@activity/testbed/servers/mongo';
import type { Ports } from '@activity/local/parts/services';
import { loopback } from '@activity/testbed/process/ports';
import { postAll } from './testing/activity.ts';
import { scenario, sendRaw } from './testing/scenario.ts';
import { startStack, type Stack } from './testing/stack.ts';
import { expectTruth, runLedger } from './testing/truth.ts';

const rolling = z.object({ rolling: z.object({ last5m: z.number(), last1h: z.number() }) });
let ports: Ports;
let stack: Stack;

beforeAll(async () => {
  stack = await startStack('truth');
  ({ ports } = stack);
});

afterAll(() => stack.stop());

test('3,000 records with duplicates, garbage, lateness, deletes and erasures, the processor killed meanwhile', async () => {
  const records = scenario({ count: 3_000, users: 100, partitions: 4, until: Date.now(), seed: 1 });
  const broker = `${loopback}:${ports.kafka}`;
  await sendRaw(broker, records.slice(0, 1_500));
  process.kill(stack.pid('processor'), 'SIGKILL');
  await sendRaw(broker, records.slice(1_500));
  await expectTruth(ports, records, 60_000);
}, 120_000);

test('a rolling count is seen falling through the query API', async () => {
  const url = `http://${loopback}:${ports.query}/api/users/silent/activity`;
  async function last5m(): Promise<number> {
    const answer = await fetch(url);
    return rolling.parse(await answer.json()).rolling.last5m;
  }
  // Four minutes and 45 seconds ago.
  const timestamp = new Date(Date.now() - 285_000).toISOString();
  const post = {
    eventId: 'fall-1',
    userId: 'silent',
    activityType: 'LOGIN',
    metadata: { device: 'mobile', index: 0 },
  };
  await postAll(`http://${loopback}:${ports.ingest}`, [Object.assign(post, { timestamp })]);
  await vi.waitFor(async () => expect(await last5m()).toBe(1), { timeout: 12_000, interval: 100 });
  await vi.waitFor(async () => expect(await last5m()).toBe(0), { timeout: 25_000, interval: 100 });
  // 5 seconds after the event has left the 5 minutes,
  // the way through the sink and the query service included.
  expect(Date.now() - Date.parse(timestamp)).toBeLessThan(305_000);
}, 60_000);

test('a log that a command deletes after its user was erased is accounted for once', async () => {
  const user = 'erased-and-deleted';
  const metadata = { device: 'mobile', index: 0 };
  const posts = ['1', '2', '3'].map((eventId) => ({
    eventId,
    userId: user,
    activityType: 'LOGIN',
    metadata,
  }));
  await postAll(`http://${loopback}:${ports.ingest}`, posts);
  const client = new MongoClient(mongoUrl(ports.mongodb));
  try {
    const logs = client.db().collection<{ _id: number }>(collections.logs);
    const waiting = { timeout: 30_000, interval: 200 };
    const theirs = await vi.waitFor(async () => {
      const found = await logs.find({ userId: user }).sort({ _id: 1 }).toArray();
      expect(found).toHaveLength(3);
      return found.map(({ _id }) => _id);
    }, waiting);
    const [first = 0, second = 0] = theirs;
    const { partition } = rawPosition(first);
    const broker = `${loopback}:${ports.kafka}`;
    const at = Date.now();
    // One before the eraser can have been, and one when it has.
    await sendRaw(broker, [
      { kind: 'erase', user, partition, at },
      { kind: 'delete', id: first, partition, at },
    ]);
    const receipts = client.db().collection(receiptsCollection);
    const done = { userId: user, erasedAt: { $exists: true } };
    await vi.waitFor(async () => expect(await receipts.countDocuments(done)).toBe(1), waiting);
    const erased = client.db().collection<{ _id: number }>(erasedLogsCollection);
    expect(await erased.countDocuments({ _id: second })).toBe(1);
    await sendRaw(broker, [{ kind: 'delete', id: second, partition, at }]);
    await vi.waitFor(
      async () => expect(await logs.countDocuments({ _id: second, deletedAt: { $exists: true } })).toBe(1),
      waiting,
    );
    const ledger = await runLedger(ports, 30);
    expect(ledger.output).toContain('Every raw record is accounted for.');
  } finally {
    await client.close();
  }
}, 120_000);

test('the ledger names a log that is missing', async () => {
  const client = new MongoClient(mongoUrl(ports.mongodb));
  try {
    const gone = await client
      .db()
      .collection('logs')
      .findOneAndDelete({ userId: { $exists: true } });
    const ledger = await runLedger(ports, 0);
    expect(ledger.code).toBe(1);
    expect(ledger.output).toMatch(/logs stored, by the ledger and in MongoDB: \d+ and \d+, 1 apart/);
    if (gone) await client.db().collection('logs').insertOne(gone);
  } finally {
    await client.close();
  }
}, 60_000);
