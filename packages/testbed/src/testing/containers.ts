// A broker and a MongoDB in containers, through Testcontainers.
import { setTimeout as sleep } from 'node:timers/promises';
import { GenericContainer, getContainerRuntimeClient, Wait, type StartedTestContainer } from 'testcontainers';
import type { Report } from '../fetch/context.ts';
import { ensureReplicaSet, mongoUrl } from '../servers/mongo.ts';
import { ask } from '../process/probe.ts';
import { freePort, loopback } from '../process/ports.ts';
import { chosenKafkaVersion } from '../tools.ts';
import type { Stores } from './shared-servers.ts';

const mongoImage = 'mongo:8';
const healthyWithinMs = 60_000;

/** Advertises the host's port, which therefore is chosen before the start. */
function kafkaContainer(kafkaImage: string, port: number): Promise<StartedTestContainer> {
  return new GenericContainer(kafkaImage)
    .withExposedPorts({ container: 9092, host: port })
    .withEnvironment({
      KAFKA_NODE_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
      KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://${loopback}:${port}`,
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
      KAFKA_NUM_PARTITIONS: '4',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
    })
    .withWaitStrategy(Wait.forListeningPorts())
    .start();
}

/** Listens inside on the host's port too: the member's one name has to lead to it from both sides. */
function mongoContainer(port: number): Promise<StartedTestContainer> {
  return new GenericContainer(mongoImage)
    .withExposedPorts({ container: port, host: port })
    .withCommand(['mongod', '--replSet', 'rs0', '--bind_ip_all', '--port', String(port)])
    .withWaitStrategy(Wait.forListeningPorts())
    .start();
}

async function untilHealthy(what: string, check: () => Promise<string | undefined>): Promise<void> {
  const until = Date.now() + healthyWithinMs;
  for (let trouble = await check(); trouble !== undefined; trouble = await check()) {
    if (Date.now() > until) throw new Error(`waiting for the container of ${what}: it ${trouble}`);
    await sleep(200);
  }
}

/**
 * Starts both containers.
 *
 * @throws Error where no Docker engine answers, an image cannot be had or a server does not become healthy.
 */
export async function startContainers(report: Report): Promise<Stores> {
  await getContainerRuntimeClient();
  const kafkaImage = `apache/kafka:${chosenKafkaVersion()}`;
  report(`A Docker engine answers: starting ${kafkaImage} and ${mongoImage}`);
  const ports = { kafka: await freePort(), mongodb: await freePort() };
  const started = await Promise.allSettled([
    kafkaContainer(kafkaImage, ports.kafka),
    mongoContainer(ports.mongodb),
  ]);
  async function stop(): Promise<void> {
    for (const one of started) if (one.status === 'fulfilled') await one.value.stop();
  }
  try {
    for (const one of started) if (one.status === 'rejected') throw one.reason;
    const kafka = `${loopback}:${ports.kafka}`;
    const mongodb = `${loopback}:${ports.mongodb}`;
    await untilHealthy('Kafka', () => ask({ kind: 'kafka', address: kafka }));
    await ensureReplicaSet(mongodb, AbortSignal.timeout(healthyWithinMs));
    await untilHealthy('MongoDB', () => ask({ kind: 'mongodb', url: `mongodb://${mongodb}` }));
    return { kafka, mongodb: mongoUrl(ports.mongodb), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
