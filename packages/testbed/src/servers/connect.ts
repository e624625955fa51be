// The Kafka Connect worker: distributed mode, one worker,
// the MongoDB sink on its plugin path, on loopback only.
import { join } from 'node:path';
import type { KafkaHome } from '../fetch/kafka.ts';
import type { PartSpec } from '../process/part.ts';
import { loopback } from '../process/ports.ts';
import { restAuthorization, restJavaOptions, restSettings } from './connect-rest.ts';
import { javaCommand } from './java-command.ts';
import { writeProperties, type Properties } from './properties.ts';

/** What makes a worker one that is reached over TLS, and somebody in Kafka. */
export interface SecureWorker {
  /** Laid over the settings of one that is open. */
  config: (port: number) => Properties;
  /** Arguments of Java. */
  javaOptions: readonly string[];
  /** Writes the files that the settings name. */
  writeFiles: () => void;
}

/** What a worker is made with. */
export interface ConnectSettings {
  home: KafkaHome;
  /** `host:port` of the broker. */
  brokers: string;
  port: number;
  dataDir: string;
  logFile: string;
  /** Without it the worker speaks plain HTTP, and is nobody in particular in Kafka. */
  secure?: SecureWorker | undefined;
  /**
   * Where the password of the REST interface is, which `ensureRestAccess` has made; without it the interface
   * asks for none.
   */
  restFolder?: string | undefined;
  /** Names the worker's group and its three topics. */
  groupId?: string | undefined;
  /** Laid over the settings below. */
  config?: Properties | undefined;
  /** The Java heap, in megabytes. */
  heapMb?: number | undefined;
}

/** The worker's group, which its topics are named after. */
export const connectGroup = 'activity-connect';

function properties(settings: ConnectSettings): Properties {
  const group = settings.groupId ?? connectGroup;
  return {
    'bootstrap.servers': settings.brokers,
    'group.id': group,
    'config.storage.topic': `${group}-configs`,
    'config.storage.replication.factor': 1,
    'offset.storage.topic': `${group}-offsets`,
    'offset.storage.replication.factor': 1,
    'offset.storage.partitions': 1,
    'status.storage.topic': `${group}-status`,
    'status.storage.replication.factor': 1,
    'status.storage.partitions': 1,
    'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter.schemas.enable': false,
    listeners: `http://${loopback}:${settings.port}`,
    'rest.advertised.host.name': loopback,
    'plugin.path': settings.home.plugins,
    // Reads the manifests that the fetch wrote, instead of scanning every jar.
    'plugin.discovery': 'service_load',
    // A worker that was killed is missed after ten seconds, and its work is given to its successor at once.
    'session.timeout.ms': 10_000,
    'heartbeat.interval.ms': 3_000,
    'scheduled.rebalance.max.delay.ms': 0,
    'offset.flush.interval.ms': 5_000,
    ...(settings.restFolder !== undefined && restSettings),
    ...settings.secure?.config(settings.port),
    ...settings.config,
  };
}

/** Describes the worker to whatever starts it. */
export function connectSpec(settings: ConnectSettings): PartSpec {
  const { secure, restFolder, heapMb = 512 } = settings;
  const url = `${secure ? 'https' : 'http'}://${loopback}:${settings.port}`;
  const config = join(settings.dataDir, 'connect.properties');
  return {
    name: 'kafka-connect',
    address: url,
    logFile: settings.logFile,
    probe: {
      kind: 'http',
      url: `${url}/health`,
      ...(restFolder !== undefined && { authorization: restAuthorization(restFolder) }),
    },
    command: javaCommand(settings.home, {
      main: 'org.apache.kafka.connect.cli.ConnectDistributed',
      args: [config],
      archive: 'connect',
      // What a sink converts is garbage at once. In a heap that has to grow, and with less of it for young
      // objects, Connect collects garbage for a quarter of its time; here for a tenth.
      heapMb,
      initialHeapMb: heapMb,
      options: [
        `-Xmn${Math.floor(heapMb * 0.375)}m`,
        ...(restFolder === undefined ? [] : restJavaOptions(restFolder)),
        ...(secure?.javaOptions ?? []),
      ],
    }),
    prepare(): Promise<void> {
      secure?.writeFiles();
      writeProperties(config, properties(settings));
      return Promise.resolve();
    },
    remedy: 'its log says what it waits for',
    bootTimeoutMs: 90_000,
    // A worker that is stopped right after its start may hang as leader of its group.
    stopGraceMs: 10_000,
  };
}
