// One of the pipeline's services as a process of its own, for tests.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceName } from '@activity/local/parts/services';
import { projectRoot } from '@activity/testbed/paths';
import { freePort } from '@activity/testbed/process/ports';
import { endProcess } from '@activity/testbed/testing/end-process';

/** A service that was started; it need not be ready. */
export interface ServiceProcess {
  readonly url: string;
  readonly pid: number | undefined;
  /** All it has logged. */
  readonly output: () => string;
  /** Its exit code; null while it runs. */
  readonly exitCode: () => number | null;
  /** The status of `/readyz` (the edge: `/health`); 0 where nothing listens. */
  readiness: () => Promise<number>;
  /**
   * Waits for a status of {@link readiness}. Returns how long that took,
   * in milliseconds. @throws after `withinMs`
   */
  until: (status: number, withinMs: number) => Promise<number>;
  /** Stops it with SIGTERM. Returns its exit code. */
  stop: () => Promise<number | null>;
}

/** Starts a service on a free port; resolves at once. */
export async function startService(
  workspace: ServiceName,
  env: Record<string, string>,
  nodeArgs: readonly string[] = [],
): Promise<ServiceProcess> {
  const port = String(await freePort());
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [...nodeArgs, join(projectRoot, workspace, 'src', 'main.ts')], {
    env: { ...process.env, PORT: port, METRICS_PORT: port, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));

  async function readiness(): Promise<number> {
    const signal = AbortSignal.timeout(3_000);
    return fetch(`${url}${workspace === 'ingest' ? '/health' : '/readyz'}`, { signal }).then(
      async (response) => {
        await response.body?.cancel();
        return response.status;
      },
      () => 0,
    );
  }

  return {
    url,
    pid: child.pid,
    output: () => output,
    exitCode: () => child.exitCode,
    readiness,
    async until(status, withinMs) {
      const began = performance.now();
      for (;;) {
        const found = await readiness();
        const took = performance.now() - began;
        if (found === status) return took;
        if (took > withinMs || child.exitCode !== null) {
          const state =
            child.exitCode === null ? `is ${found}, not ${status}` : `ended with ${child.exitCode}`;
          throw new Error(`${workspace} ${state} after ${Math.round(took)} ms: ${output.slice(-2_000)}`);
        }
        await sleep(50);
      }
    },
    stop: async () => endProcess(child),
  };
}
