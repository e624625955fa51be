// A server under measurement as a process of its own.
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@activity/testbed';
import { endProcess } from '@activity/testbed/testing/end-process';
import { startSilently } from './child.ts';

/** A server that is healthy. */
export interface Server {
  port: number;
  pid: number;
  stop(): Promise<void>;
}

/** Starts a script on a free port; resolves when its `/health` is fine. */
export async function serve(script: string, environment: Record<string, string>): Promise<Server> {
  const port = await freePort();
  const env = { ...environment, PORT: String(port), HOST: '127.0.0.1', LOG_LEVEL: 'error' };
  const child = startSilently(script, env);
  async function stop(): Promise<void> {
    await endProcess(child);
  }
  for (let attempt = 0; attempt < 100; attempt++) {
    const healthy = await fetch(`http://127.0.0.1:${port}/health`).then(
      (response) => response.ok,
      () => false,
    );
    if (healthy) return { port, pid: child.pid ?? 0, stop };
    await sleep(100);
  }
  await stop();
  throw new Error(`${script} does not become healthy`);
}
