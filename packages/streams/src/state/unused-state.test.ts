// State that is too old to be brought up to date is started again; state that nobody uses is removed.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { diskBackend } from './disk-backend.ts';
import { removeUnused } from './unused-state.ts';

const where = {
  taskId: '0_0',
  store: 'store',
  keys: 'utf8',
  format: 'text',
  changelogId: 'one',
  segmentMs: 0,
} as const;
const log = (): void => {};
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'streams-unused-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the age of state', () => {
  test.each(['keyValue', 'window', 'expiring'] as const)(
    '%s: counts from its last flush, which goes on while nothing changes',
    async (kind) => {
      let time = 1_000_000;
      const now = (): number => time;
      async function positionAfter(
        wait: number,
        maxAgeMs: number | undefined,
        flush = true,
      ): Promise<number> {
        const backend = diskBackend({ folder, log, now });
        time += wait;
        const options = { ...where, maxAgeMs };
        const state =
          kind === 'expiring'
            ? await backend.openExpiring({ ...options, segmentMs: 1_000 })
            : await backend.open({ ...options, kind, segmentsTogether: 1 });
        const { position } = state;
        if (position === 0) state.apply([{ segment: 0, key: 'k', data: 'v', timestamp: 5 }], 7);
        if (flush) await state.flush();
        await state.close();
        await backend.close();
        return position;
      }
      const day = 86_400_000;
      expect(await positionAfter(0, day)).toBe(0);
      expect(await positionAfter(day, day)).toBe(7);
      // Nothing was written then, but it was open and up to date.
      expect(await positionAfter(day, day, false)).toBe(7);
      expect(await positionAfter(1, undefined, false)).toBe(7);
      expect(await positionAfter(0, day)).toBe(0);
      expect(await positionAfter(1, day)).toBe(7);
      // The clock was ahead when it was written: nobody knows how old it is.
      expect(await positionAfter(-2 * day, day)).toBe(0);
    },
  );
});

describe('what nobody uses', () => {
  function folders(): string[] {
    return readdirSync(folder).toSorted();
  }

  test('is removed after the delay: tasks that run elsewhere, and what was moved aside; nothing else', async () => {
    for (const name of ['0_1', '0_2', '1_0.aside-1700000000000', 'mine', '0_x']) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'data.mdb'), '');
    }
    writeFileSync(join(folder, 'state.json'), '{}');
    const now = Date.now();
    await removeUnused({ folder, delayMs: 60_000, now: () => now, log });
    expect(folders()).toHaveLength(6);
    utimesSync(join(folder, '0_2', 'data.mdb'), now / 1_000 + 100, now / 1_000 + 100);
    await removeUnused({ folder, delayMs: 60_000, now: () => now + 61_000, log });
    expect(folders()).toEqual(['0_2', '0_x', 'mine', 'state.json']);
  });

  test('is looked for again where the folder could not be read', async () => {
    const lines: string[] = [];
    const backend = diskBackend({ folder, log: (_level, text) => lines.push(text), cleanupDelayMs: 20 });
    rmSync(folder, { recursive: true });
    await vi.waitFor(() => expect(lines.join()).toContain('ENOENT'), 5_000);
    mkdirSync(join(folder, '0_1'), { recursive: true });
    await vi.waitFor(() => expect(folders()).toEqual([]), 5_000);
    await backend.close();
  });

  test('an open task keeps its state however long nothing is written; closed, it loses it', async () => {
    const backend = diskBackend({ folder, log, cleanupDelayMs: 20 });
    const state = await backend.open({ ...where, kind: 'keyValue', segmentsTogether: 1 });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(existsSync(join(folder, '0_0'))).toBe(true);
    state.apply([{ segment: 0, key: 'k', data: 'v', timestamp: 5 }], 7);
    await state.flush();
    await state.close();
    await vi.waitFor(() => expect(folders()).toEqual([]), 5_000);
    const again = await backend.open({ ...where, kind: 'keyValue', segmentsTogether: 1 });
    expect(again.position).toBe(0);
    await again.close();
    await backend.close();
  });
});
