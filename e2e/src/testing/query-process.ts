// The query service as a process of its own, for tests and benchmarks.
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '@activity/testbed/paths';
import { freePort } from '@activity/testbed/process/ports';
import { setTimeout as sleep } from 'node:timers/promises';
import { endProcess } from '@activity/testbed/testing/end-process';

/** A query service that runs. */
export interface QueryProcess {
  readonly url: string;
  readonly port: number;
  readonly process: ChildProcess;
  /** All it has logged. */
  readonly output: () => string;
  /** Ends it in order; returns its exit code. */
  stop: () => Promise<number | null>;
}

/** Starts a query service and resolves when it answers. `flags` are Node's. */
export async function startQuery(
  env: Record<string, string>,
  port?: number,
  flags: readonly string[] = [],
): Promise<QueryProcess> {
  const listens = port ?? (await freePort());
  const url = `http://127.0.0.1:${listens}`;
  const child = spawn(process.execPath, [...flags, join(projectRoot, 'query', 'src', 'main.ts')], {
    env: { ...process.env, PORT: String(listens), ...env },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  for (;;) {
    const ready = await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) break;
    if (child.exitCode !== null) throw new Error(`the query service ended with ${child.exitCode}: ${output}`);
    await sleep(50);
  }
  return {
    url,
    port: listens,
    process: child,
    output: () => output,
    stop: async () => endProcess(child),
  };
}
