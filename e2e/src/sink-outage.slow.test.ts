// The sink in trouble, on a whole stack: MongoDB away, Connect killed, topics read again, a rebuild, while
// events come in and are deleted. In the end MongoDB holds what was promised, to the last number.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultTopics } from '@activity/contracts';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { loopback } from '@activity/testbed/process/ports';
import { mongoUrl } from '@activity/testbed/servers/mongo';
import { randomOf } from '@activity/testbed/testing/random';
import type { Ports } from '@activity/local/parts/services';
import type { Pipeline } from '@activity/local/pipeline/pipeline';
import { freePorts } from '@activity/local/testing/free-ports';
import { expectInRaw, expectStored, watchMarkers } from './testing/kept-promises.ts';
import {
  connectorStates,
  healthy,
  keepPartAway,
  killPart,
  readTopicsAgain,
  stopPart,
} from './testing/outages.ts';
import { readRawHistory, type RawHistory } from './testing/raw-history.ts';
import { startQuietly } from './testing/stack.ts';
import { startTraffic } from './testing/traffic.ts';
import { runLedger } from './testing/truth.ts';

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9));
const awayMs = 60_000;
const dataDir = mkdtempSync(join(tmpdir(), 'activity-sink-outage-'));
const began = Date.now();
let ports: Ports;
let broker: string;
let pipeline: Pipeline | undefined;
let admin: Admin;
let client: MongoClient;
let history: RawHistory;

function say(what: string): void {
  console.log(`${((Date.now() - began) / 1_000).toFixed(1)} s  ${what}`);
}

async function start(rebuild: boolean): Promise<Pipeline> {
  const started = await startQuietly({
    ports,
    dataDir,
    rebuild,
    report: (part, line) => /died|healthy|forgot/.test(line) && say(`${part} ${line}`),
  });
  pipeline = started;
  return started;
}

function stack(): Pipeline {
  if (!pipeline) throw new Error('the pipeline does not run');
  return pipeline;
}

beforeAll(async () => {
  ports = await freePorts();
  broker = `${loopback}:${ports.kafka}`;
  await start(false);
  admin = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING, retry: { retries: 1 } }).admin();
  await admin.connect();
  const options = { serverSelectionTimeoutMS: 2_000, socketTimeoutMS: 10_000 };
  client = await new MongoClient(mongoUrl(ports.mongodb), options).connect();
}, 180_000);

afterAll(async () => {
  await Promise.allSettled([client?.close(), admin?.disconnect()]);
  await pipeline?.stop();
  rmSync(dataDir, { recursive: true });
});

async function endsOf(topic: string): Promise<number[]> {
  const ends = await admin.fetchTopicOffsets(topic);
  return ends.toSorted((a, b) => a.partition - b.partition).map(({ high }) => Number(high));
}

/** Expects what was promised to be stored, and the sink to have refused nothing. */
async function expectTruth(running: Pipeline): Promise<void> {
  await healthy(running);
  const { logs, counts, users } = await expectStored(client.db(), history, 300_000);
  say(`MongoDB holds what the oracle says: ${logs} logs, ${counts} windows, ${users} users`);
  const ledger = await runLedger(ports, 120);
  expect([ledger.code, ledger.output]).toEqual([
    0,
    expect.stringContaining('Every raw record is accounted for.'),
  ]);
  expect(await endsOf(defaultTopics.sinkDeadLetter)).toEqual([0, 0, 0, 0]);
  expect(new Set(await connectorStates(running))).toEqual(new Set(['RUNNING']));
}

test(`outages, kills, replays and a rebuild under load and deletes (SEED=${seed})`, async () => {
  const random = randomOf(seed);
  const within = (from: number, to: number): Promise<void> => sleep(from + random() * (to - from));
  let running = stack();
  async function killConnectDuring(outage: Promise<void>): Promise<void> {
    await within(5_000, 30_000);
    await killPart(running, 'kafka-connect');
    await outage;
    await healthy(running);
  }
  async function readAgainAndKill(part: string): Promise<void> {
    await readTopicsAgain(running);
    await within(500, 4_000);
    await killPart(running, part);
    await healthy(running);
  }
  const traffic = startTraffic({
    edge: `http://${loopback}:${ports.ingest}`,
    seed,
    users: 300,
    batch: 40,
    rawEnds: () => endsOf(defaultTopics.raw),
  });
  onTestFinished(traffic.abandon);
  const watching = watchMarkers(client.db());
  onTestFinished(async () => void (await watching.stop()));
  await within(5_000, 10_000);

  say('mongod is killed and kept away; the Connect worker is killed meanwhile');
  await killConnectDuring(keepPartAway(running, 'mongodb', awayMs));
  await within(2_000, 8_000);

  say('the sinks read again; mongod is killed meanwhile');
  await readAgainAndKill('mongodb');

  say('mongod stands still; the Connect worker is killed meanwhile');
  await killConnectDuring(stopPart(running, 'mongodb', awayMs));

  say('the sinks read again; the Connect worker is killed meanwhile');
  await readAgainAndKill('kafka-connect');

  say('a rebuild, and the sinks read again; mongod is killed meanwhile');
  await running.stop();
  running = await start(true);
  await readAgainAndKill('mongodb');
  await within(5_000, 10_000);

  say('the last event');
  await traffic.stop();
  const back = await watching.stop();
  history = await readRawHistory(broker);
  const { accepted, deletes, failed } = traffic;
  const kinds = Map.groupBy(deletes, ({ kind }) => kind);
  say(`${accepted.length} events accepted, ${history.records.length} raw records`);
  for (const [kind, some] of kinds) say(`${some.length} deletes by ${kind}`);
  say(`not accepted: ${[...failed].map(([how, count]) => `${how} ${count}`).join(', ')}`);
  expect(accepted.length).toBeGreaterThan(10_000);
  for (const kind of ['number', 'event', 'user'] as const)
    expect(kinds.get(kind)?.length).toBeGreaterThan(20);
  expectInRaw(traffic, history);
  expect(back).toEqual([]);
  await expectTruth(running);
}, 1_500_000);

test('read once more, nothing comes back', async () => {
  const watching = watchMarkers(client.db());
  onTestFinished(async () => void (await watching.stop()));
  await readTopicsAgain(stack());
  await expectTruth(stack());
  expect(await watching.stop()).toEqual([]);
}, 600_000);
