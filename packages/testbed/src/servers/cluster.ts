// A Kafka cluster of three brokers, each of them controller too, for tests of what one broker cannot show.
import { join } from 'node:path';
import { freePort, loopback } from '../process/ports.ts';
import type { KafkaVersion } from '../tools.ts';
import { startBroker, type LocalServer } from './start.ts';
import type { Properties } from './properties.ts';
import { workDir } from './work-dir.ts';

/** Three brokers that a test started. */
export interface KafkaCluster extends AsyncDisposable {
  /** By node id, from 1: `brokers[0]` is node 1. */
  readonly brokers: readonly LocalServer[];
  /** `host:port` of each. */
  readonly addresses: readonly string[];
  /** Stops a broker in order, and starts it with another version of Kafka on the same data and port. */
  replace(nodeId: number, kafkaVersion: KafkaVersion): Promise<void>;
}

const nodes = [1, 2, 3];
const heapMb = 256;
/** Three of them start at once, on machines that are busy too. */
const bootTimeoutMs = 150_000;

/** Every topic has three copies, and a write needs two of them. */
function replicated(voters: string): Properties {
  return {
    'controller.quorum.voters': voters,
    'default.replication.factor': nodes.length,
    'min.insync.replicas': 2,
    'offsets.topic.replication.factor': nodes.length,
    'transaction.state.log.replication.factor': nodes.length,
    'transaction.state.log.min.isr': 2,
    // A leader that is back takes its partitions again within a test.
    'leader.imbalance.check.interval.seconds': 5,
    'controlled.shutdown.max.retries': 1,
  };
}

/**
 * Starts a cluster. Resolves when all brokers answer; it ends, data and all, when it is disposed of.
 * @example
 * await using cluster = await startCluster();
 * await cluster.brokers[0].kill();
 */
export async function startCluster(config: Properties = {}, version?: KafkaVersion): Promise<KafkaCluster> {
  const dir = workDir(undefined, 'cluster');
  const ports = await Promise.all(
    nodes.map(async () => ({ port: await freePort(), controllerPort: await freePort() })),
  );
  const voters = ports.map(({ controllerPort }, i) => `${nodes[i]}@${loopback}:${controllerPort}`).join(',');
  function start(index: number, kafkaVersion: KafkaVersion | undefined): Promise<LocalServer> {
    const nodeId = nodes[index] as number;
    return startBroker({
      ...ports[index],
      ...(kafkaVersion !== undefined && { kafkaVersion }),
      dataDir: join(dir.folder, String(nodeId)),
      heapMb,
      bootTimeoutMs,
      config: { ...replicated(voters), 'node.id': nodeId, ...config },
    });
  }
  const started = await Promise.allSettled(nodes.map((_, index) => start(index, version)));
  const brokers = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  async function end(): Promise<void> {
    // Not in order: the last of them would wait for a controller that is gone.
    await Promise.all(brokers.map((broker) => broker.kill()));
    await Promise.all(brokers.map((broker) => broker.stop()));
    dir.dispose();
  }
  async function replace(nodeId: number, kafkaVersion: KafkaVersion): Promise<void> {
    const index = nodes.indexOf(nodeId);
    await brokers[index]?.stop();
    brokers[index] = await start(index, kafkaVersion);
  }
  const failed = started.find((one) => one.status === 'rejected');
  if (failed) {
    await end();
    throw failed.reason;
  }
  const addresses = brokers.map(({ address }) => address);
  return { brokers, addresses, replace, [Symbol.asyncDispose]: end };
}
