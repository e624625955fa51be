// The activity pipeline on real servers with 100,000 records, in trouble, and read again from the start.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultTopics } from '@activity/contracts';
import { Kafka, logLevel } from 'kafkajs';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Raw } from '../../processor/src/testing/histories.ts';
import { workOut } from '../../processor/src/testing/oracle.ts';
import { mongoUrl } from './parts/mongo.ts';
import { serviceSpec, type Ports } from './parts/services.ts';
import { startPipeline, type Pipeline } from './pipeline/pipeline.ts';
import { Part } from './process/part.ts';
import { freePort, loopback } from './process/ports.ts';
import { freePorts } from './testing/free-ports.ts';
import { scenario, sendRaw } from './testing/scenario.ts';
import { readStored, storedOf } from './testing/stored.ts';
import { expectTruth } from './testing/truth.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'activity-truth-'));
let ports: Ports;
let pipeline: Pipeline;
let records: Raw[];

function pidOf(part: string): number {
  const pid = pipeline.parts.find(({ name }) => name === part)?.pid;
  if (pid === undefined) throw new Error(`${part} does not run`);
  return pid;
}

beforeAll(async () => {
  ports = await freePorts();
  pipeline = await startPipeline({
    ports,
    dataDir,
    report: () => undefined,
    failed: (problem) => console.error(problem),
    signal: new AbortController().signal,
  });
});

afterAll(async () => {
  await pipeline.stop();
  rmSync(dataDir, { recursive: true });
});

async function endOf(topic: string): Promise<number> {
  const admin = new Kafka({ brokers: [`${loopback}:${ports.kafka}`], logLevel: logLevel.ERROR }).admin();
  await admin.connect();
  try {
    return (await admin.fetchTopicOffsets(topic)).reduce((sum, { high }) => sum + Number(high), 0);
  } finally {
    await admin.disconnect();
  }
}

test('100,000 records, mongod stopped for 60 s and the Connect worker killed meanwhile', async () => {
  records = scenario({ count: 100_000, users: 2_000, partitions: 4, until: Date.now(), seed: 7 });
  const broker = `${loopback}:${ports.kafka}`;
  await sendRaw(broker, records.slice(0, 30_000));
  const mongod = pidOf('mongodb');
  process.kill(mongod, 'SIGSTOP');
  try {
    await sendRaw(broker, records.slice(30_000, 60_000));
    process.kill(pidOf('connect'), 'SIGKILL');
    await sleep(60_000);
  } finally {
    process.kill(mongod, 'SIGCONT');
  }
  await sendRaw(broker, records.slice(60_000));
  await expectTruth(ports, records, 300_000);
  expect(await endOf(defaultTopics.sinkDeadLetter)).toBe(0);
}, 600_000);

test('the raw topic read again under another application id changes nothing', async () => {
  const before = await endOf(defaultTopics.enriched);
  const spec = serviceSpec('processor', {
    ports: { ...ports, processor: await freePort() },
    dataDir: join(dataDir, 'again'),
  });
  const env = { ...spec.command.env, KAFKA_GROUP_ID: 'read-again' };
  const again = new Part({ ...spec, command: { ...spec.command, env } });
  await again.start();
  try {
    // As many records of logs and markers as the first time, and more than none.
    await vi.waitFor(async () => expect(await endOf(defaultTopics.enriched)).toBeGreaterThan(before * 1.9), {
      timeout: 120_000,
      interval: 1_000,
    });
  } finally {
    await again.stop();
  }
  const client = new MongoClient(mongoUrl(ports.mongodb));
  try {
    const wanted = storedOf(workOut(records, 600_000, 86_400_000));
    await vi.waitFor(async () => expect(await readStored(client.db())).toEqual(wanted), {
      timeout: 180_000,
      interval: 1_000,
    });
  } finally {
    await client.close();
  }
}, 400_000);
