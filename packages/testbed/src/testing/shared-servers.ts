// The servers that integration tests share: containers where a Docker engine has them,
// local processes otherwise.
import { readTools } from '../tools.ts';
import type { Report } from '../fetch/context.ts';
import { ensureKafka } from '../fetch/kafka.ts';
import { startBroker, startConnect, startMongo } from '../servers/start.ts';
import { reasonOf } from '../process/problem.ts';
import { seconds } from '../steps.ts';
import { startContainers } from './containers.ts';
import type { Servers } from './servers.ts';

/** A broker and a MongoDB, wherever they run. */
export interface Stores {
  kafka: string;
  mongodb: string;
  stop(): Promise<void>;
}

/** The servers with what ends them. */
export interface Shared {
  servers: Servers;
  stop(): Promise<void>;
}

async function startProcesses(report: Report): Promise<Stores> {
  const [kafka, mongodb] = await Promise.allSettled([startBroker({ report }), startMongo({ report })]);
  async function stop(): Promise<void> {
    for (const one of [kafka, mongodb]) if (one.status === 'fulfilled') await one.value.stop();
  }
  if (kafka.status === 'fulfilled' && mongodb.status === 'fulfilled') {
    return { kafka: kafka.value.address, mongodb: mongodb.value.address, stop };
  }
  await stop();
  throw kafka.status === 'rejected' ? kafka.reason : (mongodb as PromiseRejectedResult).reason;
}

/** TEST_CONTAINERS=1 insists on containers, 0 does without; unset: whichever can be had. */
async function startStores(report: Report): Promise<Stores> {
  const wanted = readTools().TEST_CONTAINERS;
  if (wanted === '0') {
    report('Integration tests run against local processes (TEST_CONTAINERS=0).');
    return startProcesses(report);
  }
  try {
    const stores = await startContainers(report);
    report('Integration tests run against Testcontainers.');
    return stores;
  } catch (error) {
    if (wanted === '1') throw error;
    report(`Integration tests run against local processes (no containers: ${reasonOf(error)}).`);
    return startProcesses(report);
  }
}

/**
 * Starts the broker and MongoDB, then Connect, which is a local process always: its image is built from the
 * same jars.
 */
export async function startShared(report: Report): Promise<Shared> {
  const began = Date.now();
  await ensureKafka({ report });
  const stores = await startStores(report);
  try {
    const connect = await startConnect({ brokers: stores.kafka, report });
    const { kafka, mongodb } = stores;
    report(`Kafka ${kafka}, Connect ${connect.address}, ${mongodb} up after ${seconds(Date.now() - began)}.`);
    return {
      servers: { kafka, mongodb, connect: connect.address },
      async stop(): Promise<void> {
        await connect.stop();
        await stores.stop();
      },
    };
  } catch (error) {
    await stores.stop();
    throw error;
  }
}
