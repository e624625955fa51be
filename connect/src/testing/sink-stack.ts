// The sink as it runs: a Connect worker and a MongoDB of its own, the connectors' supervisor,
// and clients of each.
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { topicEnvironment, topicSpecs, topicsNamed, topicsOf } from '@activity/contracts';
import { freePort, startConnect, startMongo, type LocalServer } from '@activity/testbed';
import { Kafka, logLevel, type Admin, type Producer } from 'kafkajs';
import { MongoClient, type Db, type Document } from 'mongodb';
import { assert, vi } from 'vitest';

/** The names of its topics, as the services read them. */
type TopicNames = ReturnType<typeof topicEnvironment>;

/** The names of the topics of a stack that has no other name. */
export const topics: TopicNames = topicEnvironment(topicsNamed('sink'));

/** The time of {@link log}, as text. */
export const iso = '2026-01-02T03:04:05.678Z';

/** A log as it is in the enriched topic. */
export function log(id: number, fields: Document = {}): Document {
  return {
    _id: id,
    eventId: `e${id}`,
    userId: 'u',
    activityType: 'LOGIN',
    metadata: {},
    timestamp: iso,
    receivedAt: iso,
    createdAt: iso,
    ...fields,
  };
}

/** The sink under test. */
export interface SinkStack extends AsyncDisposable {
  readonly mongo: LocalServer;
  readonly connect: LocalServer;
  readonly mongodbUri: string;
  readonly client: MongoClient;
  readonly db: Db;
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly producer: Producer;
  readonly supervisor: ChildProcess;
  readonly topics: TopicNames;
  /** The supervisor's URL. */
  readonly monitoring: string;
  /** Writes values, all with one key; what is neither text nor null is written as JSON. */
  send(topic: string, values: readonly (Document | string | null)[], to?: Producer): Promise<void>;
  /** How many dead letters the sink has written. */
  deadLetters(): Promise<number>;
  /** Waits until the supervisor is ready, at most `within` milliseconds. */
  ready(within?: number): Promise<void>;
  /** Waits until `count` logs match, at most `within` milliseconds. */
  stored(filter: Document, count: number, within?: number): Promise<void>;
}

/**
 * Starts it on the broker of the tests. Resolves before it is ready. The name is that of its topics, and with
 * `-test` that of its worker's group and of its connectors.
 */
export async function startSinkStack(broker: string, name = 'sink'): Promise<SinkStack> {
  const names = topicEnvironment(topicsNamed(name));
  const [mongo, connect] = await Promise.all([
    startMongo(),
    startConnect({ brokers: broker, groupId: `${name}-test`, config: { 'offset.flush.interval.ms': 500 } }),
  ]);
  const kafka = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  const producer = kafka.producer();
  await Promise.all([admin.connect(), producer.connect()]);
  await admin.createTopics({
    topics: topicSpecs(topicsOf(names)).map(({ name: topic, config }) => ({
      topic,
      numPartitions: 2,
      replicationFactor: 1,
      configEntries: Object.entries(config).map(([setting, value]) => ({ name: setting, value })),
    })),
  });
  const uri = new URL(mongo.address);
  uri.pathname = '/sinking';
  const mongodbUri = uri.href;
  const client = await new MongoClient(mongodbUri, { promoteLongs: false }).connect();
  const db = client.db();
  const port = await freePort();
  const monitoring = `http://127.0.0.1:${port}`;
  const supervisor = spawn(process.execPath, [join(import.meta.dirname, '..', 'main.ts')], {
    env: {
      ...process.env,
      ...names,
      CONNECTOR_PREFIX: `${name}-test`,
      CONNECT_URL: connect.address,
      KAFKA_BROKERS: broker,
      MONGODB_URI: mongodbUri,
      METRICS_PORT: String(port),
      POLL_INTERVAL_MS: '200',
      WATCH_INTERVAL_MS: '200',
      LEDGER_INTERVAL_MS: '200',
      LOG_LEVEL: 'fatal',
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return {
    mongo,
    connect,
    mongodbUri,
    client,
    db,
    kafka,
    admin,
    producer,
    supervisor,
    topics: names,
    monitoring,
    async send(topic, values, to = producer) {
      const messages = values.map((value) => ({
        key: 'u',
        value: value === null || typeof value === 'string' ? value : JSON.stringify(value),
      }));
      await to.send({ topic, messages });
    },
    async deadLetters() {
      const offsets = await admin.fetchTopicOffsets(names.KAFKA_SINK_DEAD_LETTER_TOPIC);
      return offsets.reduce((sum, { high }) => sum + Number(high), 0);
    },
    async ready(within = 20_000) {
      await vi.waitFor(async () => assert.equal((await fetch(`${monitoring}/readyz`)).status, 200), {
        timeout: within,
        interval: 100,
      });
    },
    async stored(filter, count, within = 20_000) {
      await vi.waitFor(async () => assert.equal(await db.collection('logs').countDocuments(filter), count), {
        timeout: within,
        interval: 100,
      });
    },
    async [Symbol.asyncDispose]() {
      if (supervisor.exitCode === null) supervisor.kill('SIGKILL');
      await Promise.allSettled([client.close(), admin.disconnect(), producer.disconnect()]);
      await Promise.allSettled([connect.stop(), mongo.stop()]);
    },
  };
}
