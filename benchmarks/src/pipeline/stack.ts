// The real stack as `npm start -- --fresh` starts it, on free ports and a temporary data folder.
import { join } from 'node:path';
import { Playground } from '@activity/local/testing/launcher';
import type { Ports } from '@activity/local/parts/services';
import { logsDir } from '@activity/testbed/servers/broker-storage';
import { mongoUrl } from '@activity/testbed/servers/mongo';

/** The processes of the pipeline by the name that the launcher gives them, and the launcher. */
export const processes = [
  'mongodb',
  'kafka-connect',
  'processor',
  'kafka',
  'ingest',
  'connect',
  'query',
  'launcher',
] as const;
export type Process = (typeof processes)[number];

/** A stack that is ready. */
export interface Stack {
  ports: Ports;
  /** `host:port` of the broker. */
  kafka: string;
  mongodb: string;
  /** The folder in which the broker has one of each topic's partition. */
  kafkaLogs: string;
  pids(): Record<Process, number>;
  /** Stops everything and removes the data. */
  stop(): Promise<void>;
}

/** Starts the stack of a checkout. */
export async function startStack(root?: string): Promise<Stack> {
  const playground = await Playground.open(root);
  const { ports, dataDir } = playground;
  const launched = playground.launch({}, ['--fresh']);
  async function stop(): Promise<void> {
    try {
      process.kill(launched.pid, 'SIGTERM');
    } catch {
      // It has ended by itself.
    }
    await launched.exit;
    await playground.close();
  }
  try {
    await launched.until(/^Ready in /m);
  } catch (error) {
    await stop();
    throw error;
  }
  function pidOf(name: Process): number {
    const pid = name === 'launcher' ? launched.pid : playground.part(name)?.pid;
    if (pid === undefined) throw new Error(`${name} does not run:\n${launched.output.slice(-2_000)}`);
    return pid;
  }
  return {
    ports,
    kafka: `127.0.0.1:${ports.kafka}`,
    mongodb: mongoUrl(ports.mongodb),
    kafkaLogs: logsDir(join(dataDir, 'kafka')),
    pids: () => Object.fromEntries(processes.map((name) => [name, pidOf(name)])) as Record<Process, number>,
    stop,
  };
}
