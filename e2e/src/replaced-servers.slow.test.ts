// The broker, MongoDB and Kafka Connect replaced under running services: killed and started again, and moved
// to another address.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { defaultTopics } from '@activity/contracts';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, startBroker, startConnect, startMongo, type LocalServer } from '@activity/testbed';
import { ensureTopics } from '@activity/local/parts/topics';
import { relay } from '@activity/testbed/testing/relay';
import { startService, type ServiceProcess } from './testing/service-process.ts';

/** What is promised: everything is ready so soon after the last part is back. */
const soon = 10_000;

const folder = mkdtempSync(join(tmpdir(), 'activity-names-'));
const namesFile = join(folder, 'names.json');
const preload = [
  '--import',
  pathToFileURL(join(import.meta.dirname, 'testing', 'override-names.fixture.ts')).href,
];

let kafka: LocalServer;
let mongo: LocalServer;
let connect: LocalServer;
let services: ServiceProcess[] = [];
let edge: ServiceProcess;
let posted = 0;

/** What the name `localhost` stands for in the services; null: nobody knows it. */
function resolve(localhost: string | null): void {
  writeFileSync(namesFile, JSON.stringify({ localhost }));
}

/** The name in the set's configuration is what clients connect to. */
async function nameMember(port: number): Promise<void> {
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`);
  const admin = client.db('admin');
  const { config } = await admin.command({ replSetGetConfig: 1 });
  const members = [{ ...config.members[0], host: `localhost:${port}` }];
  const replSetReconfig = { ...config, version: config.version + 1, members };
  await admin.command({ replSetReconfig, force: true });
  await client.close();
}

beforeAll(async () => {
  const port = await freePort();
  [kafka, mongo] = await Promise.all([
    startBroker({ port, config: { 'advertised.listeners': `PLAINTEXT://localhost:${port}` } }),
    startMongo(),
  ]);
  connect = await startConnect({ brokers: kafka.address });
  await ensureTopics(kafka.address, defaultTopics, 2);
  const mongoPort = Number(new URL(mongo.address).port);
  await nameMember(mongoPort);
  resolve(null);
  const env = {
    NAMES_FILE: namesFile,
    KAFKA_BROKERS: `localhost:${port}`,
    MONGODB_URI: `mongodb://localhost:${mongoPort}/activity?replicaSet=rs0`,
    SINK_MONGODB_URI: mongo.address,
    CONNECT_URL: connect.address,
  };
  const query = await startService('query', env, preload);
  edge = await startService('ingest', { ...env, QUERY_URL: query.url }, preload);
  services = [
    query,
    edge,
    await startService('processor', env, preload),
    await startService('connect', env, preload),
  ];
});

afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()));
  for (const server of [connect, mongo, kafka]) await server?.stop();
  rmSync(folder, { recursive: true });
});

async function allReady(): Promise<number[]> {
  return Promise.all(services.map((service) => service.until(200, soon)));
}

/**
 * An event comes through all of it. Connect's own group may wait for a
 * member that was killed, for ten seconds.
 */
async function flows(): Promise<void> {
  const eventId = `e${posted++}`;
  const body = JSON.stringify({ userId: 'ada', activityType: 'LOGIN', eventId });
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${edge.url}/api/logs`, { method: 'POST', headers, body });
  expect(response.status).toBe(201);
  const stored = async (): Promise<number> =>
    (await fetch(`${edge.url}/api/logs/${eventId}?userId=ada&wait=10s`)).status;
  await expect.poll(stored, { timeout: 40_000 }).toBe(200);
}

test('names that nobody knows at first, and that move to another address', async () => {
  for (const service of services) await service.until(503, 20_000);
  const ports = [Number(kafka.address.split(':')[1]), Number(new URL(mongo.address).port)];
  const first = await Promise.all(ports.map((port) => relay('127.0.0.2', port)));
  resolve('127.0.0.2');
  expect(await allReady()).toHaveLength(4);
  await flows();
  await Promise.all(first.map((close) => close()));
  const second = await Promise.all(ports.map((port) => relay('127.0.0.3', port)));
  resolve('127.0.0.3');
  expect(await allReady()).toHaveLength(4);
  await flows();
  await Promise.all(second.map((close) => close()));
  resolve('127.0.0.1');
  expect(await allReady()).toHaveLength(4);
  await flows();
});

test.each([
  ['MongoDB', () => mongo],
  ['the broker', () => kafka],
  ['Kafka Connect', () => connect],
])('%s is killed and started again', async (_, server) => {
  await server().kill();
  await server().restart();
  expect(await allReady()).toHaveLength(4);
  await flows();
  for (const service of services) expect(service.exitCode()).toBeNull();
});
