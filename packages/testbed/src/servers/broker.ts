// The Kafka broker: one node that is broker and controller (KRaft), on loopback only.
import { join } from 'node:path';
import type { KafkaHome } from '../fetch/kafka.ts';
import type { PartSpec } from '../process/part.ts';
import { loopback } from '../process/ports.ts';
import type { KafkaSecurity } from '../process/probe.ts';
import { formatStorage, logsDir } from './broker-storage.ts';
import { javaCommand } from './java-command.ts';
import { writeProperties, type Properties } from './properties.ts';

/** What makes a broker one that clients reach with a password, over TLS. */
export interface SecureBroker {
  /** Laid over the settings of one that is open. */
  config: (port: number, controllerPort: number) => Properties;
  /** Arguments of the storage's formatting: the first users. */
  users: readonly string[];
  /** How the probe reaches it. */
  client: KafkaSecurity;
}

/** What a broker is made with. */
export interface BrokerSettings {
  home: KafkaHome;
  port: number;
  controllerPort: number;
  dataDir: string;
  logFile: string;
  /** Without it the broker is open to all of this machine. */
  secure?: SecureBroker | undefined;
  /** Laid over the settings below. */
  config?: Properties | undefined;
  /** The Java heap, in megabytes. */
  heapMb?: number | undefined;
  /** How long it may take to start, in milliseconds. */
  bootTimeoutMs?: number | undefined;
}

function properties(settings: BrokerSettings): Properties {
  const { port, controllerPort, dataDir, secure } = settings;
  return {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${loopback}:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://${loopback}:${port},CONTROLLER://${loopback}:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${loopback}:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': logsDir(dataDir),
    'num.partitions': 4,
    'auto.create.topics.enable': false,
    'group.initial.rebalance.delay.ms': 0,
    // A broker that was killed may come back after three seconds: until then its former self counts as alive.
    'broker.session.timeout.ms': 3_000,
    'broker.heartbeat.interval.ms': 500,
    // One node: everything that is replicated elsewhere has one copy here.
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 8,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 8,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 1,
    'log.cleaner.dedupe.buffer.size': 16 * 1024 * 1024,
    ...secure?.config(port, controllerPort),
    ...settings.config,
  };
}

/** Describes the broker to whatever starts it. */
export function brokerSpec(settings: BrokerSettings): PartSpec {
  const address = `${loopback}:${settings.port}`;
  const config = join(settings.dataDir, 'server.properties');
  return {
    name: 'kafka',
    address,
    logFile: settings.logFile,
    probe: { kind: 'kafka', address, security: settings.secure?.client ?? {} },
    command: javaCommand(settings.home, {
      main: 'kafka.Kafka',
      args: [config],
      heapMb: settings.heapMb ?? 768,
      archive: 'broker',
    }),
    async prepare(signal: AbortSignal): Promise<void> {
      const written = properties(settings);
      writeProperties(config, written);
      const { home, dataDir, secure } = settings;
      const nodeId = Number(written['node.id']);
      await formatStorage({ home, dataDir, config, nodeId, users: secure?.users ?? [] }, signal);
    },
    remedy: 'if its data is damaged, `npm start -- --fresh` begins with empty data',
    bootTimeoutMs: settings.bootTimeoutMs ?? 60_000,
    stopGraceMs: 15_000,
  };
}
