// The activity pipeline on real servers with 100,000 records, in trouble, and read again from the start.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { collections, defaultTopics, maxPartitions } from '@activity/contracts';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Raw } from '@activity/processor/testing/histories';
import { workOut } from '@activity/processor/testing/oracle';
import { mongoUrl } from '@activity/testbed/servers/mongo';
import { serviceSpec, type Ports } from '@activity/local/parts/services';
import { Part } from '@activity/testbed/process/part';
import { freePort, loopback } from '@activity/testbed/process/ports';
import { scenario, sendRaw } from './testing/scenario.ts';
import { startStack, type Stack } from './testing/stack.ts';
import { readStored, storedOf, type Stored } from './testing/stored.ts';
import { dedupeMs, expectTruth, graceMs, runLedger } from './testing/truth.ts';

let ports: Ports;
let stack: Stack;
let records: Raw[];

beforeAll(async () => {
  stack = await startStack('truth');
  ({ ports } = stack);
});

afterAll(() => stack.stop());

async function withAdmin<T>(use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Kafka({ brokers: [`${loopback}:${ports.kafka}`], logLevel: logLevel.ERROR }).admin();
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}

/**
 * Reads the raw topic, as far back as it goes (`firstOffsets`), under another application id, and expects
 * that what is stored stays as it is: every log from there on is written again, none before it is touched.
 */
async function expectUnchangedBy(applicationId: string, firstOffsets: readonly number[]): Promise<void> {
  const began = new Date();
  const spec = serviceSpec('processor', {
    ports: { ...ports, processor: await freePort() },
    dataDir: join(stack.dataDir, applicationId),
  });
  const env = { ...spec.command.env, KAFKA_GROUP_ID: applicationId };
  const again = new Part({ ...spec, command: { ...spec.command, env } });
  const client = new MongoClient(mongoUrl(ports.mongodb));
  const logs = client.db().collection<{ _id: number }>(collections.logs);
  /** Logs on either side of where the raw topic begins that were written after, or before, this began. */
  async function logsWritten(side: '$lt' | '$gte', when: '$lt' | '$gte'): Promise<number> {
    const counts = firstOffsets.map((offset, partition) =>
      logs.countDocuments({
        _id: { [side]: offset * maxPartitions, $mod: [maxPartitions, partition] },
        createdAt: { [when]: began },
      }),
    );
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }
  await again.start();
  try {
    await vi.waitFor(async () => expect(await logsWritten('$gte', '$lt')).toBe(0), {
      timeout: 180_000,
      interval: 1_000,
    });
    const wanted = withoutLate(storedOf(workOut(records, graceMs, dedupeMs)));
    await vi.waitFor(async () => expect(withoutLate(await readStored(client.db()))).toEqual(wanted), {
      timeout: 120_000,
      interval: 1_000,
    });
    expect(await logsWritten('$gte', '$gte')).toBeGreaterThan(10_000);
    expect(await logsWritten('$lt', '$gte')).toBe(0);
    const ledger = await runLedger(ports, 120, applicationId);
    expect(ledger.output).toContain('Every raw record is accounted for.');
    expect(withoutLate(await readStored(client.db()))).toEqual(wanted);
  } finally {
    await Promise.allSettled([again.stop(), client.close()]);
  }
}

/** To an application that begins later, the first record that it reads is never late. */
function withoutLate(stored: Stored): Stored {
  return { ...stored, logs: stored.logs.map((log) => log.replace(/ late$/, '')) };
}

test('100,000 records, mongod stopped for 60 s and the Connect worker killed meanwhile', async () => {
  records = scenario({ count: 100_000, users: 2_000, partitions: 4, until: Date.now(), seed: 7 });
  const broker = `${loopback}:${ports.kafka}`;
  await sendRaw(broker, records.slice(0, 30_000));
  const mongod = stack.pid('mongodb');
  process.kill(mongod, 'SIGSTOP');
  try {
    await sendRaw(broker, records.slice(30_000, 60_000));
    process.kill(stack.pid('kafka-connect'), 'SIGKILL');
    await sleep(60_000);
  } finally {
    process.kill(mongod, 'SIGCONT');
  }
  await sendRaw(broker, records.slice(60_000));
  await expectTruth(ports, records, 300_000);
  const ends = await withAdmin((admin) => admin.fetchTopicOffsets(defaultTopics.sinkDeadLetter));
  expect(ends.map(({ high }) => high)).toEqual(['0', '0', '0', '0']);
}, 600_000);

test('the raw topic read again under another application id changes nothing', async () => {
  await expectUnchangedBy('read-again', [0, 0, 0, 0]);
}, 500_000);

test('what retention has left of the raw topic, read again, makes nothing smaller and nothing double', async () => {
  const topic = defaultTopics.raw;
  const firstOffsets = await withAdmin(async (admin) => {
    const ends = await admin.fetchTopicOffsets(topic);
    const partitions = ends.map(({ partition, high }) => ({
      partition,
      offset: Math.floor(Number(high) * 0.4),
    }));
    await admin.deleteTopicRecords({
      topic,
      partitions: partitions.map(({ partition, offset }) => ({ partition, offset: String(offset) })),
    });
    const kept = await admin.fetchTopicOffsets(topic);
    expect(kept.map(({ partition, low }) => ({ partition, offset: Number(low) }))).toEqual(partitions);
    return partitions.toSorted((a, b) => a.partition - b.partition).map(({ offset }) => offset);
  });
  await expectUnchangedBy('read-the-rest', firstOffsets);
}, 500_000);
