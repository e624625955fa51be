// A real edge process on a real topic, for integration tests.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePort } from '@activity/testbed';
import { Kafka, logLevel } from 'kafkajs';
import { assert, vi } from 'vitest';

/** An edge that runs. */
export interface RunningEdge {
  port: number;
  url: string;
  process: ChildProcess;
  /** Resident memory, in bytes. */
  memory: () => Promise<number>;
  healthy: () => Promise<void>;
  stop: () => Promise<number | null>;
}

/** Starts an edge and waits until it can accept events. */
export async function startEdge(environment: Record<string, string>): Promise<RunningEdge> {
  const port = Number(environment['PORT'] ?? (await freePort()));
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: { ...process.env, LOG_LEVEL: 'fatal', ...environment, PORT: String(port) },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const edge: RunningEdge = {
    port,
    url,
    process: child,
    async memory() {
      const metrics = await (await fetch(`${url}/metrics`)).text();
      return Number(/^process_resident_memory_bytes\S* (\S+)/m.exec(metrics)?.[1]);
    },
    async healthy() {
      await vi.waitFor(
        async () => {
          const status = await fetch(`${url}/health`).then(
            (response) => response.status,
            () => 0,
          );
          assert.equal(status, 200);
        },
        { timeout: 30_000, interval: 50 },
      );
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      child.kill('SIGTERM');
      await once(child, 'exit');
      return child.exitCode;
    },
  };
  try {
    await edge.healthy();
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return edge;
}

/** Creates a topic on a broker. */
export async function createTopic(broker: string, topic: string, partitions: number): Promise<void> {
  const admin = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const configEntries = [{ name: 'message.timestamp.type', value: 'LogAppendTime' }];
  await admin.createTopics({
    topics: [{ topic, numPartitions: partitions, replicationFactor: 1, configEntries }],
  });
  await admin.disconnect();
}
