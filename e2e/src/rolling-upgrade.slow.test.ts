// Kafka is upgraded broker by broker, and then Kafka Connect, while the edge writes, the processor runs and
// the sink stores: nothing is lost, nothing is double.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultTopics } from '@activity/contracts';
import { ensureTopics } from '@activity/local/parts/topics';
import { startCluster, startConnect, startMongo } from '@activity/testbed';
import { metadataVersion, upgradeFeatures } from '@activity/testbed/testing/kafka-features';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import { MongoClient } from 'mongodb';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { expectInRaw, expectStored } from './testing/kept-promises.ts';
import { readRawHistory } from './testing/raw-history.ts';
import { startServices } from './testing/services-on.ts';
import { startTraffic } from './testing/traffic.ts';
import { startWitness } from './testing/witness.ts';

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9));
const began = Date.now();
const enriched = z.object({ _id: z.number(), userId: z.string().optional() });

function say(what: string): void {
  console.log(`${((Date.now() - began) / 1_000).toFixed(1)} s  ${what}`);
}

/** Waits until each partition has all of its copies: only then may the next broker stop. */
async function allInSync(admin: Admin): Promise<void> {
  async function behind(): Promise<string[]> {
    const { topics } = await admin.fetchTopicMetadata();
    return topics
      .filter(({ partitions }) => partitions.some(({ isr, replicas }) => isr.length < replicas.length))
      .map(({ name }) => name);
  }
  await expect.poll(behind, { timeout: 120_000, interval: 500 }).toEqual([]);
}

test(`Kafka 4.3.1 becomes 4.4.0 under load (SEED=${seed})`, { timeout: 1_200_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'activity-rolling-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  await using cluster = await startCluster({}, '4.3.1');
  const brokers = cluster.addresses.join(',');
  expect(await metadataVersion(brokers)).toBe('4.3-IV0');
  await ensureTopics(brokers, defaultTopics, 4, {}, 3);
  await using mongo = await startMongo();
  const copies = Object.fromEntries(
    ['config', 'offset', 'status'].map((topic) => [`${topic}.storage.replication.factor`, 3]),
  );
  const worker = { brokers, config: copies };
  await using before = await startConnect({ ...worker, kafkaVersion: '4.3.1' });
  const connectPort = Number(new URL(before.address).port);
  const admin = new Kafka({ brokers: [...cluster.addresses], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  onTestFinished(async () => admin.disconnect());
  const client = await new MongoClient(mongo.address).connect();
  onTestFinished(async () => client.close());
  await using services = await startServices({ brokers, mongo, connect: before, folder });
  const traffic = startTraffic({
    edge: services.edge.url,
    seed,
    users: 100,
    batch: 10,
    rawEnds: async () => {
      const ends = await admin.fetchTopicOffsets(defaultTopics.raw);
      return ends.toSorted((a, b) => a.partition - b.partition).map(({ high }) => Number(high));
    },
  });
  onTestFinished(traffic.abandon);
  await sleep(10_000);

  for (const node of [1, 2, 3]) {
    const accepted = traffic.accepted.length;
    await allInSync(admin);
    await cluster.replace(node, '4.4.0');
    say(`broker ${node} is on 4.4.0; ${traffic.accepted.length - accepted} events were taken meanwhile`);
    expect(traffic.accepted.length).toBeGreaterThan(accepted);
    await sleep(5_000);
  }
  await allInSync(admin);
  expect(await metadataVersion(brokers)).toBe('4.3-IV0');
  await upgradeFeatures(brokers, '4.4');
  expect(await metadataVersion(brokers)).toMatch(/^4\.4-/);
  say('the features are those of 4.4');
  await sleep(5_000);
  await before.stop();
  await using after = await startConnect({ ...worker, kafkaVersion: '4.4.0', port: connectPort });
  say(`Kafka Connect at ${after.address} is on 4.4.0`);
  await sleep(10_000);
  await traffic.stop();
  say(`${traffic.accepted.length} events and ${traffic.deletes.length} deletes were accepted`);
  say(`without a 2xx: ${JSON.stringify([...traffic.failed])}`);

  const history = await readRawHistory(cluster.addresses[0] as string);
  expectInRaw(traffic, history);
  const { logs, counts, users } = await expectStored(client.db(), history, 300_000);
  say(`MongoDB holds what the oracle says: ${logs} logs, ${counts} windows, ${users} users`);
  const witness = await startWitness(cluster.addresses[0] as string, [defaultTopics.enriched]);
  onTestFinished(() => witness.close());
  const written = (): number[] =>
    witness.seen
      .map(({ value }) => enriched.parse(value))
      .filter(({ userId }) => userId !== undefined)
      .map(({ _id }) => _id);
  await expect.poll(() => written().length, { timeout: 60_000 }).toBeGreaterThanOrEqual(logs);
  await sleep(2_000);
  expect(new Set(written()).size).toBe(written().length);
  for (const service of services.all) expect(service.exitCode()).toBeNull();
});
