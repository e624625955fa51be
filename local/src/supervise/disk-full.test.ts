import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { readRunState, writeRunState } from './run-file.ts';
import { hasRoom, isDiskFull, unlessFull } from '@activity/testbed/process/disk-full';
import { self } from '@activity/testbed/process/identity';
import { Part } from '@activity/testbed/process/part';
import { freePort } from '@activity/testbed/process/ports';

test('a full disk is recognised, also as a cause', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  expect(isDiskFull(full)).toBe(true);
  expect(isDiskFull(new Error('starting', { cause: full }))).toBe(true);
  expect(isDiskFull(Object.assign(new Error('EACCES'), { code: 'EACCES' }))).toBe(false);
});

const mountPoint = mkdtempSync(join(tmpdir(), 'activity-full-'));
// A real small disk, where this machine lets us have one.
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mountPoint]).status === 0;

afterAll(() => {
  if (mounted) spawnSync('umount', ['-l', mountPoint]);
  rmSync(mountPoint, { recursive: true });
});

function fill(): string {
  const file = join(mountPoint, 'filling');
  try {
    writeFileSync(file, Buffer.alloc(4 * 1024 * 1024));
  } catch {
    // It is full.
  }
  return file;
}

describe.skipIf(!mounted)('on a disk without room', () => {
  test('the run file is left as it was, which is reported once', () => {
    const launcher = self();
    writeRunState(mountPoint, { launcher, parts: [] });
    const filling = fill();
    expect(hasRoom(mountPoint)).toBe(false);
    const lines: string[] = [];
    const write = unlessFull((line) => lines.push(line));
    const parts = [{ name: 'x'.repeat(10_000), address: '', restarts: 0 }];
    for (let time = 0; time < 3; time += 1)
      write('run.json', () => writeRunState(mountPoint, { launcher, parts }));
    expect(lines).toEqual(['disk full: run.json is not written; what runs goes on']);
    expect(readRunState(mountPoint)).toMatchObject({ parts: [] });
    rmSync(filling);
    write('run.json', () => writeRunState(mountPoint, { launcher, parts }));
    expect(lines).toHaveLength(2);
    expect(readRunState(mountPoint)?.parts).toHaveLength(1);
  });

  test('a part whose log has no room runs without one', async () => {
    const filling = fill();
    const lines: string[] = [];
    const port = await freePort();
    const program = `require('node:http').createServer((_, response) => response.end('ok')).listen(${port}, '127.0.0.1')`;
    const logFile = join(mountPoint, 'logs', 'one.log');
    const part = new Part(
      {
        name: 'one',
        address: `127.0.0.1:${port}`,
        logFile,
        probe: { kind: 'http', url: `http://127.0.0.1:${port}` },
        command: { file: process.execPath, args: ['-e', program] },
        remedy: 'mend it',
        bootTimeoutMs: 20_000,
        stopGraceMs: 5_000,
      },
      (line) => lines.push(line),
    );
    onTestFinished(async () => part.kill());
    await part.start();
    expect(await part.check()).toBeUndefined();
    // Some file systems have room for an empty file all the same.
    const log = existsSync(logFile) ? readFileSync(logFile, 'utf8') : '';
    expect(log).toBe('');
    expect(lines).toEqual(
      existsSync(logFile) ? [] : [`disk full: ${logFile} is not written; what runs goes on`],
    );
    rmSync(filling);
    mkdirSync(join(mountPoint, 'logs'), { recursive: true });
    await part.restart();
    expect(await part.check()).toBeUndefined();
  });
});
