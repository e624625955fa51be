// A real edge process whose broker is away, of the size that its container has, with a probe in it that
// measures its event loop.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { freePort } from '@activity/testbed';
import { loopProbe } from '@activity/testbed/testing/loop-holds';
import { repeat } from '@activity/testbed/testing/repeat';
import { assert, vi } from 'vitest';
import { post } from './heavy-inputs.fixture.ts';

/** An edge that runs. */
export interface LoneEdge {
  port: number;
  process: ChildProcess;
}

/** Starts an edge, and has it load what it loads with its first requests: that is no input's cost. */
export async function startLoneEdge(): Promise<LoneEdge> {
  const port = await freePort();
  const nobody = await freePort();
  const flags = ['--max-old-space-size=256', '--max-semi-space-size=16', loopProbe];
  const edge = spawn(process.execPath, [...flags, join(import.meta.dirname, 'main.ts')], {
    env: { ...process.env, PORT: String(port), KAFKA_BROKERS: `127.0.0.1:${nobody}`, LOG_LEVEL: 'silent' },
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  await vi.waitFor(async () => assert.equal((await fetch(`http://127.0.0.1:${port}/livez`)).status, 200), {
    timeout: 60_000,
  });
  const gzip = { 'content-encoding': 'gzip' };
  await repeat(500, 50, async () => post(port, '/api/logs', gzipSync('{"userId":1}'), gzip));
  await repeat(100, 5, async () => post(port, '/api/logs/batch', '[{}]'));
  return { port, process: edge };
}
