// A process that is killed while it clears a store leaves no position over entries that are gone.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSegmented, stateTestFolder } from '../testing-support/state-backends.ts';
import { diskBackend } from './disk-backend.ts';

const fixture = join(import.meta.dirname, '../testing-support/state-clearer.fixture.ts');
const segments = 8;
const entriesEach = 50;
const written = segments * entriesEach;
let folder = '';

beforeEach(() => {
  folder = stateTestFolder();
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Fills a store, clears it and is killed `turns` turns of the event loop later. Returns what is left. */
async function killWhileClearing(
  kind: string,
  turns: number,
): Promise<{ position: number; entries: number }> {
  const args = [folder, kind, turns, segments, entriesEach].map(String);
  const { signal } = spawnSync(process.execPath, [fixture, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  expect(signal).toBe('SIGKILL');
  const backend = diskBackend({ folder, log: () => {} });
  const state = await openSegmented(backend, kind);
  const entries = state.segments().reduce((sum, segment) => sum + [...state.entries(segment)].length, 0);
  const { position } = state;
  await state.close();
  await backend.close();
  return { position, entries };
}

describe.each(['windows', 'expiring'])('%s', (kind) => {
  test.each([1, 2, 4, 6, 8, 10])('%i turns after it began', async (turns) => {
    const left = await killWhileClearing(kind, turns);
    expect([
      { position: written, entries: written },
      { position: 0, entries: 0 },
    ]).toContainEqual(left);
  });
});
