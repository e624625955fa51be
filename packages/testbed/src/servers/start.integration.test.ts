// The servers that tests start: there, killed, back with their data, gone.
import { Admin } from '@platformatic/kafka';
import { MongoClient } from 'mongodb';
import { globSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { expect, test } from 'vitest';
import { ensureKafka } from '../fetch/kafka.ts';
import { startBroker, startMongo } from '../index.ts';
import type { KafkaVersion } from '../tools.ts';
import { servers } from '../testing/servers.ts';
import { identify } from '../process/identity.ts';
import { logsDir } from './broker-storage.ts';
import { brokerSpec } from './broker.ts';

async function topicsAt(address: string): Promise<string[]> {
  const admin = new Admin({ clientId: 'start-test', bootstrapBrokers: [address] });
  try {
    return await admin.listTopics();
  } finally {
    await admin.close();
  }
}

test('a broker that was killed comes back at the same address with its topics', async () => {
  await using broker = await startBroker();
  const admin = new Admin({ clientId: 'start-test', bootstrapBrokers: [broker.address] });
  await admin.createTopics({ topics: ['kept'], partitions: 4, replicas: 1 });
  await admin.close();
  await broker.kill();
  expect(broker.pid).toBeUndefined();
  await broker.restart();
  expect(await topicsAt(broker.address)).toEqual(['kept']);
});

test.each<KafkaVersion>(['4.4.0', '4.3.1'])(
  'a storage of %s that is formatted by a copy is what the storage tool makes',
  async (version) => {
    const folder = mkdtempSync(join(tmpdir(), 'activity-storage-'));
    const home = await ensureKafka({ report: console.log }, version);
    async function format(name: string): Promise<[unknown, [string, Buffer][]]> {
      const dataDir = join(folder, name);
      const kept = { ...home, folder: join(folder, 'kept') };
      for (const made of [dataDir, kept.folder]) mkdirSync(made, { recursive: true });
      const logFile = join(dataDir, 'kafka.log');
      const spec = brokerSpec({ home: kept, port: 1, controllerPort: 2, dataDir, logFile });
      await spec.prepare?.(AbortSignal.timeout(60_000));
      const logs = logsDir(dataDir);
      const meta = parseEnv(readFileSync(join(logs, 'meta.properties'), 'utf8'));
      expect(meta['directory.id']).toMatch(/^[\w][\w-]{21}$/);
      const files = globSync('**/*.checkpoint', { cwd: logs });
      return [{ ...meta, 'directory.id': '' }, files.map((file) => [file, readFileSync(join(logs, file))])];
    }
    try {
      const byTool = await format('tool');
      expect(byTool[1]).toHaveLength(1);
      expect(await format('copy')).toEqual(byTool);
      expect(readdirSync(join(folder, 'kept'))).toEqual(['formatted']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  // Fetches the version that other tests do without.
  300_000,
);

test('a MongoDB that was killed comes back with what it had acknowledged', async () => {
  await using mongo = await startMongo();
  const client = new MongoClient(mongo.address);
  try {
    await client
      .db('t')
      .collection('c')
      .insertOne({ kept: true }, { writeConcern: { w: 'majority' } });
    await mongo.kill();
    await mongo.restart();
    expect(await client.db('t').collection('c').countDocuments({ kept: true })).toBe(1);
  } finally {
    await client.close();
  }
});

test('a stopped server leaves no process', async () => {
  const mongo = await startMongo();
  const { pid } = mongo;
  expect(pid).toBeTypeOf('number');
  await mongo.stop();
  await mongo.stop();
  expect(identify(pid ?? 0)).toBeUndefined();
});

test('Connect of the shared servers has the sink on its plugin path', async () => {
  const response = await fetch(`${servers().connect}/connector-plugins`);
  expect(await response.json()).toContainEqual({
    class: 'com.mongodb.kafka.connect.MongoSinkConnector',
    type: 'sink',
    version: '2.0.1',
  });
});
