import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';

const fixture = join(import.meta.dirname, 'run-service.fixture.ts');
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface Run {
  child: ChildProcess;
  output: () => string;
  until: (text: string) => Promise<void>;
  exit: Promise<number | null>;
}

function run(mode: string): Run {
  const child = spawn(process.execPath, [fixture, mode], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return {
    child,
    output: () => text,
    until: async (wanted) => {
      while (!text.includes(wanted)) await once(child.stdout ?? child, 'data');
    },
    exit: new Promise((resolve) => {
      child.once('exit', resolve);
    }),
  };
}

describe('runService', () => {
  test.skipIf(!existsSync('/dev/full'))('goes on where its log is on a full disk', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'full-'));
    const done = join(folder, 'done');
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [fixture, 'chatty', done], { stdio: ['ignore', full, full] });
    children.push(child);
    closeSync(full);
    const exit = once(child, 'exit');
    await vi.waitFor(() => expect([child.exitCode, existsSync(done)]).toEqual([null, true]), 30_000);
    child.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
    rmSync(folder, { recursive: true });
  });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'closes in reverse order after %s and exits 0',
    async (signal) => {
      const { child, output, until, exit } = run('serve');
      await until('started');
      child.kill(signal);
      expect(await exit).toBe(0);
      expect(output().match(/closed \w+/g)).toEqual(['closed second', 'closed first']);
    },
  );

  test('closes what it has when the signal comes while it starts', async () => {
    const { child, output, until, exit } = run('slow-start');
    await until('starting');
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(output()).toContain('closed first');
  });

  test.each(['fail-start', 'fault'])('closes and exits 1 after a fault (%s)', async (mode) => {
    const { output, exit } = run(mode);
    expect(await exit).toBe(1);
    expect(output()).toContain('closed first');
    expect(output()).toContain('the fault');
  });

  test('closes the rest and exits 1 where closing fails', async () => {
    const { child, output, until, exit } = run('fail-close');
    await until('started');
    child.kill('SIGTERM');
    expect(await exit).toBe(1);
    expect(output()).toContain('closed first');
  });

  test('does not wait longer than it may', async () => {
    const { child, until, exit, output } = run('hang');
    await until('started');
    child.kill('SIGTERM');
    expect(await exit).toBe(1);
    expect(output()).toContain('closing took longer than 200 ms');
  });

  test('ends at once at a second signal', async () => {
    const { child, until, exit, output } = run('hang-long');
    await until('started');
    child.kill('SIGTERM');
    await until('stopping');
    child.kill('SIGINT');
    expect(await exit).toBe(1);
    expect(output()).not.toContain('stopped');
  });
});
