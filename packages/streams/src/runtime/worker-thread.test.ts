// A worker thread that has ended, or does not end: nobody waits for it without end.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { noMetrics } from './metrics.ts';
import type { ThreadHandle } from './thread-handle.ts';
import { workerThread } from './worker-thread.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'streams-worker-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A worker whose topology module is this, and the states that it reports. */
function start(source: string, closeWithinMs?: number): { handle: ThreadHandle; states: string[] } {
  const file = join(folder, 'topology.mjs');
  writeFileSync(file, source);
  const states: string[] = [];
  const handle = workerThread({
    data: { module: pathToFileURL(file).href, moduleOptions: {}, settings: {} },
    metrics: noMetrics,
    log: () => {},
    onState: (state) => states.push(state),
    ...(closeWithinMs !== undefined && { closeWithinMs }),
  });
  handle.start();
  return { handle, states };
}

test('a store is not read from a worker that has ended', async () => {
  const { handle, states } = start('throw new Error("a mistake");');
  await vi.waitFor(() => expect(states).toContain('ERROR'), 20_000);
  await handle.close({ leave: true });
  await expect(handle.query('counts', { kind: 'get', key: 'k' })).rejects.toThrowError('has ended');
});

test('a worker that never comes to its close is ended', async () => {
  const { handle } = start('for (;;);', 200);
  await handle.close({ leave: true });
  await expect(handle.query('counts', { kind: 'get', key: 'k' })).rejects.toThrowError('has ended');
});
