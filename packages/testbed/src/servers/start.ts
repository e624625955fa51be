// Starting one real part on a free port, for tests and benchmarks.
import { join } from 'node:path';
import { silent, type Report } from '../fetch/context.ts';
import { ensureKafka } from '../fetch/kafka.ts';
import { ensureMongod } from '../fetch/mongod.ts';
import { Part, type PartSpec } from '../process/part.ts';
import { freePort } from '../process/ports.ts';
import type { KafkaVersion } from '../tools.ts';
import { endOrphans } from '../process/registry.ts';
import { brokerSpec } from './broker.ts';
import { connectSpec } from './connect.ts';
import { mongoSpec, mongoUrl } from './mongo.ts';
import type { Properties } from './properties.ts';
import { workDir, type WorkDir } from './work-dir.ts';

/** A real server that a test or a benchmark started. */
export interface LocalServer extends AsyncDisposable {
  /** Where clients reach it: `host:port` of the broker, the URL of MongoDB or of Connect. */
  readonly address: string;
  /** The pid of its process; undefined while it is down. */
  readonly pid: number | undefined;
  readonly logFile: string;
  /** Stops it in order and removes its data, unless a `dataDir` was given. Any number of times. */
  stop(): Promise<void>;
  /** Kills it with SIGKILL, keeping its data and port: a crash. `restart` brings it back. */
  kill(): Promise<void>;
  /** Stops it in order where it runs and starts it with the same data and port. */
  restart(): Promise<void>;
}

/** What every server can be started with; by default on a free port, with temporary data. */
export interface ServerOptions {
  port?: number;
  dataDir?: string;
  /** Told what is fetched at the very first use; by default nothing is said. */
  report?: Report;
}

/** What a broker can be started with. */
export interface BrokerOptions extends ServerOptions {
  /** By default what KAFKA_VERSION says. */
  kafkaVersion?: KafkaVersion;
  /** Settings of the broker, over the launcher's own. */
  config?: Properties;
  /** Where its controller listens: for brokers that must know each other's before they start. */
  controllerPort?: number;
  heapMb?: number;
  /** How long it may take to start, in milliseconds. */
  bootTimeoutMs?: number;
}

/** What a Connect worker can be started with. */
export interface ConnectOptions extends ServerOptions {
  /** By default what KAFKA_VERSION says. */
  kafkaVersion?: KafkaVersion;
  /** `host:port` of the broker it works on. */
  brokers: string;
  /** Names its group and topics: two workers on one broker need two. */
  groupId?: string;
  config?: Properties;
  heapMb?: number;
}

async function serve(spec: PartSpec, dir: WorkDir, address: string): Promise<LocalServer> {
  const part = new Part(spec);
  async function stop(): Promise<void> {
    await part.stop();
    dir.dispose();
  }
  try {
    await part.start();
  } catch (error) {
    dir.dispose();
    throw error;
  }
  return {
    address,
    get pid(): number | undefined {
      return part.pid;
    },
    logFile: spec.logFile,
    stop,
    kill: () => part.kill(),
    restart: () => part.restart(),
    [Symbol.asyncDispose]: stop,
  };
}

/**
 * Starts a Kafka broker. Resolves when it answers.
 *
 * @example
 * await using broker = await startBroker();
 * const producer = new Producer({ bootstrapBrokers: [broker.address], … });
 */
export async function startBroker(options: BrokerOptions = {}): Promise<LocalServer> {
  await endOrphans();
  const home = await ensureKafka({ report: options.report ?? silent }, options.kafkaVersion);
  const dir = workDir(options.dataDir, 'kafka');
  const spec = brokerSpec({
    home,
    port: options.port ?? (await freePort()),
    controllerPort: options.controllerPort ?? (await freePort()),
    dataDir: dir.folder,
    logFile: join(dir.folder, 'kafka.log'),
    config: options.config,
    heapMb: options.heapMb,
    bootTimeoutMs: options.bootTimeoutMs,
  });
  return serve(spec, dir, spec.address);
}

/**
 * Starts a mongod as a replica set of one member. Resolves when it is the primary; the address is its URL.
 */
export async function startMongo(options: ServerOptions = {}): Promise<LocalServer> {
  await endOrphans();
  const mongod = await ensureMongod({ report: options.report ?? silent });
  const dir = workDir(options.dataDir, 'mongodb');
  const port = options.port ?? (await freePort());
  const spec = mongoSpec({ mongod, port, dataDir: dir.folder, logFile: join(dir.folder, 'mongodb.log') });
  return serve(spec, dir, mongoUrl(port));
}

/**
 * Starts a Kafka Connect worker with the MongoDB sink. Resolves when its REST interface is healthy; the
 * address is its URL.
 */
export async function startConnect(options: ConnectOptions): Promise<LocalServer> {
  await endOrphans();
  const home = await ensureKafka({ report: options.report ?? silent }, options.kafkaVersion);
  const dir = workDir(options.dataDir, 'connect');
  const spec = connectSpec({
    home,
    brokers: options.brokers,
    port: options.port ?? (await freePort()),
    dataDir: dir.folder,
    logFile: join(dir.folder, 'connect.log'),
    groupId: options.groupId,
    config: options.config,
    heapMb: options.heapMb,
  });
  return serve(spec, dir, spec.address);
}
