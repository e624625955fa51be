// State on disk in a bad world: killed writers, damage, foreign folders, two processes, a full disk.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openWritten, stateTestFolder } from '../testing-support/state-backends.ts';
import type { CommittedState } from './committed-state.ts';
import { diskBackend } from './disk-backend.ts';
import { isHeldHere } from './folder-lock.ts';
import { instanceIdOf, openStateFolder } from './state-folder.ts';

const fixture = join(import.meta.dirname, '../testing-support/state-writer.fixture.ts');
let folder = '';
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = stateTestFolder();
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Line {
  opened?: number;
  flushed?: number;
  code?: string;
  message?: string;
  /** What became of a flush after the one that failed. */
  again?: string;
}

interface Writer {
  child: ChildProcess;
  lines: Line[];
  /** Resolves with the first line that is so; with undefined where the process ends before. */
  until: (wanted: (line: Line) => boolean) => Promise<Line | undefined>;
  kill: () => Promise<void>;
}

function startWriter({
  kind = 'keyed',
  bytes = 100,
  fileBlocks,
}: { kind?: string; bytes?: number; fileBlocks?: number } = {}): Writer {
  const command = [process.execPath, fixture, folder, String(bytes), kind];
  const [program = '', ...args] =
    fileBlocks === undefined ? command : ['sh', '-c', `ulimit -f ${fileBlocks}; exec "$@"`, 'sh', ...command];
  const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'streams-compile-cache') };
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const lines: Line[] = [];
  const reader = createInterface({ input: child.stdout });
  const ended = once(reader, 'close');
  reader.on('line', (line) => lines.push(JSON.parse(line) as Line));
  return {
    child,
    lines,
    async until(wanted) {
      for (;;) {
        const found = lines.find(wanted);
        if (found) return found;
        const more = await Promise.race([once(reader, 'line').then(() => true), ended.then(() => false)]);
        if (!more) return lines.find(wanted);
      }
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function reopen(
  log: string[] = [],
  kind = 'keyed',
): Promise<{ state: CommittedState; close: () => Promise<void> }> {
  const backend = diskBackend({ folder, log: (_level, message) => log.push(message) });
  const state = await openWritten(backend, kind);
  return {
    state,
    async close() {
      await state.close();
      await backend.close();
    },
  };
}

/** What the writer had written by a position. */
function expectedKeys(position: number): string[] {
  const keys = new Set<string>();
  for (let n = 0; n < position; n++) {
    keys.add(`key ${n}`);
    if (n % 3 === 2) keys.delete(`key ${n - 2}`);
  }
  return [...keys].toSorted();
}

async function write(count: number): Promise<void> {
  const { state, close } = await reopen();
  for (let n = 0; n < count; n++) {
    state.apply([{ segment: 0, key: `key ${n}`, data: 'x'.repeat(500), timestamp: n }], n + 1);
  }
  await state.flush();
  await close();
}

describe.each(['keyed', 'expiring'])('a writer that is killed: %s', (kind) => {
  test('leaves entries and position of one flush, never of two', async () => {
    let least = 0;
    for (let round = 0; round < 4; round++) {
      const writer = startWriter({ kind });
      await writer.until(({ flushed }) => (flushed ?? 0) >= least + 30 * (round + 1));
      await writer.kill();
      const flushed = Math.max(least, ...writer.lines.map((line) => line.flushed ?? 0));
      const { state, close } = await reopen([], kind);
      expect(state.position).toBeGreaterThanOrEqual(flushed);
      expect(state.position % 10).toBe(0);
      expect([...state.entries(0)].map(([key]) => key).toSorted()).toEqual(expectedKeys(state.position));
      least = state.position;
      await close();
    }
  });
});

describe('damaged state', () => {
  test.each<[string, (file: string) => void, string]>([
    ['cut short', (file) => truncateSync(file, 9000), 'bytes and should have'],
    ['cut to a stump', (file) => truncateSync(file, 100), 'its file is cut short'],
    ['overwritten', (file) => writeFileSync(file, Buffer.alloc(200_000, 7)), 'its file is not an LMDB file'],
  ])('that is %s is moved aside with a message, and started again', async (_how, damage, why) => {
    await write(500);
    damage(join(folder, '0_0', 'data.mdb'));
    const log: string[] = [];
    const { state, close } = await reopen(log);
    expect([state.position, [...state.entries(0)]]).toEqual([0, []]);
    expect(log).toHaveLength(1);
    expect(log[0]).toMatch(
      /^state of task 0_0 was moved to 0_0\.aside-\d+ \(.*\); it is rebuilt from its changelogs$/,
    );
    expect(log[0]).toContain(why);
    state.apply([{ segment: 0, key: 'new', data: 'x', timestamp: 0 }], 1);
    await state.flush();
    await close();
    const again = await reopen();
    expect(again.state.get(0, 'new')?.data).toBe('x');
    await again.close();
    expect(readdirSync(folder).filter((name) => name.startsWith('0_0.aside-'))).toHaveLength(1);
  });

  test('is told apart from state that is sound, or empty', async () => {
    const log: string[] = [];
    await (await reopen(log)).close();
    await write(500);
    const { state, close } = await reopen(log);
    expect([state.position, log]).toEqual([500, []]);
    await close();
  });
});

describe('the folder', () => {
  test('of another application, or format, is moved aside task by task', async () => {
    (await openStateFolder({ folder, applicationId: 'one', log: () => {} })).release();
    await write(10);
    const log: string[] = [];
    const note = (_level: string, message: string): number => log.push(message);
    (await openStateFolder({ folder, applicationId: 'two', log: note })).release();
    expect(log).toHaveLength(1);
    expect(log[0]).toContain('"applicationId":"one"');
    const { state, close } = await reopen();
    expect(state.position).toBe(0);
    await close();
    (await openStateFolder({ folder, applicationId: 'two', log: note })).release();
    expect(log).toHaveLength(1);
  });

  test('lists the tasks that have state in it', async () => {
    await write(1);
    for (const name of ['1_12', '0_0.aside-1', 'other']) mkdirSync(join(folder, name));
    const backend = diskBackend({ folder, log: () => {} });
    expect(backend.storedTasks().toSorted()).toEqual(['0_0', '1_12']);
    await backend.close();
  });

  test('keeps an instance id, made once', () => {
    expect([1, 2].map((n) => instanceIdOf(folder, () => `made-${n}`))).toEqual(['made-1', 'made-1']);
    // A disk that was full took the name of the file and no more.
    writeFileSync(join(folder, 'instance-id'), '');
    expect([3, 4].map((n) => instanceIdOf(folder, () => `made-${n}`))).toEqual(['made-3', 'made-3']);
    writeFileSync(join(folder, 'instance-id'), 'not usable!');
    expect(() => instanceIdOf(folder, () => 'x')).toThrowError('holds no usable instance id; delete it');
  });
});

describe('a second thread on one task', () => {
  test('waits until the first has closed it: one that has lost a task must not write over it', async () => {
    const first = diskBackend({ folder, log: () => {} });
    const second = diskBackend({ folder, log: () => {} });
    const stalled = await openWritten(first, 'keyed');
    stalled.apply([{ segment: 0, key: 'k', data: 'old', timestamp: 0 }], 1);
    await expect(openWritten(second, 'keyed')).rejects.toMatchObject({ code: 'STATE_LOCKED' });
    await stalled.close();
    const state = await openWritten(second, 'keyed');
    expect(state.position).toBe(0);
    await state.close();
    // A backend that is closed as a whole lets go of everything, too.
    await openWritten(first, 'keyed');
    await first.close();
    await (await openWritten(second, 'keyed')).close();
    await second.close();
  });
});

describe('a second process on one folder', () => {
  test('says so and which process it is, and takes over when that has died', async () => {
    const first = startWriter();
    await first.until(({ opened }) => opened !== undefined);
    const second = startWriter();
    const refused = await second.until(({ code }) => code !== undefined);
    expect(refused).toMatchObject({
      code: 'STATE_LOCKED',
      message: `state folder ${folder} is used by process ${first.child.pid}; stop it, or give this one a folder of its own`,
    });
    await first.until(({ flushed }) => flushed !== undefined);
    await first.kill();
    const third = startWriter();
    const opened = await third.until((line) => line.opened !== undefined);
    expect(opened?.opened).toBeGreaterThan(0);
  });

  test.each([undefined, '999999999 1'])(
    'of many that begin at once, one gets it (lock before: %s)',
    async (stale) => {
      if (stale !== undefined) writeFileSync(join(folder, 'lock'), stale);
      const writers = Array.from({ length: 5 }, () => startWriter());
      const firsts = await Promise.all(
        writers.map(({ until }) => until(({ opened, code }) => opened !== undefined || code !== undefined)),
      );
      expect(firsts.filter((line) => line?.opened !== undefined)).toHaveLength(1);
      expect(firsts.filter((line) => line?.code === 'STATE_LOCKED')).toHaveLength(4);
      expect(Number(readFileSync(join(folder, 'lock'), 'utf8').split(' ')[0])).toBe(
        writers.find(({ lines }) => lines[0]?.opened !== undefined)?.child.pid,
      );
    },
  );
});

describe.each(['keyed', 'expiring'])(
  'a folder that another took while this process stood still: %s',
  (kind) => {
    test('is not written to any more, whatever the process still has to write', async () => {
      const lock = await openStateFolder({ folder, applicationId: 'one', log: () => {} });
      const isHeld = (): boolean => isHeldHere(folder);
      const backend = diskBackend({ folder, log: () => {}, isHeld });
      const state = await openWritten(backend, kind);
      state.apply([{ segment: 0, key: '1', data: 'newest', timestamp: 0 }], 1);
      await state.flush();
      state.apply([{ segment: 0, key: '2', data: 'too late', timestamp: 0 }], 2);
      writeFileSync(join(folder, 'lock'), '7 4711 another-container');
      await expect(state.flush()).rejects.toMatchObject({ code: 'STATE_LOCKED' });
      await expect(state.clear()).rejects.toMatchObject({ code: 'STATE_LOCKED' });
      await state.close();
      await backend.close();
      lock.release();
      expect(readFileSync(join(folder, 'lock'), 'utf8')).toContain('another-container');
      const { state: found, close } = await reopen([], kind);
      expect(found.position).toBe(1);
      expect([...found.entries(0)].map(([key]) => key)).toEqual(['1']);
      await close();
    });
  },
);

describe.each(['keyed', 'expiring'])('a disk that takes no more: %s', (kind) => {
  test('fails the flush with the remedy, and keeps what was flushed before', async () => {
    // ulimit counts blocks of 512 or 1024 bytes.
    const writer = startWriter({ kind, bytes: 20_000, fileBlocks: 4000 });
    const failed = await writer.until(({ code }) => code !== undefined);
    expect(failed).toMatchObject({
      code: 'STATE_UNWRITABLE',
      message: expect.stringMatching(
        /^writing store store of task 0_0: .*; free space on the disk of the state folder$/,
      ) as string,
    });
    // A newer position must not come to lie over what is missing.
    expect(writer.lines.find(({ again }) => again !== undefined)?.again).toBe('STATE_UNWRITABLE');
    const flushed = Math.max(...writer.lines.map((line) => line.flushed ?? 0));
    expect(flushed).toBeGreaterThan(0);
    const { state, close } = await reopen([], kind);
    expect(state.position).toBe(flushed);
    expect([...state.entries(0)].map(([key]) => key).toSorted()).toEqual(expectedKeys(flushed));
    await close();
  });
});
