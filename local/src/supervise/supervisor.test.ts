// Supervision, on small real processes: back after a death, given up after five, stopped in order.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { identify } from '@activity/testbed/process/identity';
import type { PartSpec } from '@activity/testbed/process/part';
import { freePort } from '@activity/testbed/process/ports';
import type { Problem } from '@activity/testbed/process/problem';
import { Supervisor } from './supervisor.ts';

// Answers on its port; refuses to start while the file `broken` is there; notes when it ends.
const program = `
const { existsSync, appendFileSync } = require('node:fs');
const [folder, name, port] = process.argv.slice(1);
if (existsSync(folder + '/broken')) { console.log('it is broken'); process.exit(3); }
require('node:http').createServer((_, response) => response.end('ok')).listen(Number(port), '127.0.0.1');
process.on('SIGTERM', () => { appendFileSync(folder + '/ended', name + ' '); process.exit(0); });
`;

let folder: string;
let supervisor: Supervisor;
let lines: string[];
let failure: PromiseWithResolvers<Problem>;

async function spec(name: string): Promise<PartSpec> {
  const port = await freePort();
  return {
    name,
    address: `127.0.0.1:${port}`,
    logFile: join(folder, `${name}.log`),
    probe: { kind: 'http', url: `http://127.0.0.1:${port}` },
    command: { file: process.execPath, args: ['-e', program, folder, name, String(port)] },
    remedy: 'mend it',
    bootTimeoutMs: 20_000,
    stopGraceMs: 5_000,
  };
}

function pidOf(name: string): number {
  return supervisor.states.find((part) => part.name === name)?.pid ?? 0;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'activity-supervisor-'));
  lines = [];
  failure = Promise.withResolvers();
  supervisor = new Supervisor({
    report: (part, line) => lines.push(`${part} ${line}`),
    changed: () => undefined,
    failed: (problem) => failure.resolve(problem),
    waitMs: () => 1,
  });
});

afterEach(async () => {
  await supervisor.kill();
  rmSync(folder, { recursive: true });
});

test('a part that is killed is reported and comes back', async () => {
  await supervisor.boot(0, await spec('one'));
  const first = pidOf('one');
  process.kill(first, 'SIGKILL');
  await vi.waitFor(
    () => expect(supervisor.states).toMatchObject([{ restarts: 1, trouble: undefined }]),
    10_000,
  );
  expect(pidOf('one')).not.toBe(first);
  expect(lines).toEqual(['one died (SIGKILL); starting it again in 0.001 s', 'one is healthy again']);
});

test('a part that dies five times in a row fails the whole, with its log', async () => {
  await supervisor.boot(0, await spec('one'));
  writeFileSync(join(folder, 'broken'), '');
  process.kill(pidOf('one'), 'SIGKILL');
  const problem = await failure.promise;
  expect(problem.message).toMatch(/^one died 5 times in a row/);
  expect(problem.detail).toContain('it is broken');
  expect(lines).toHaveLength(4);
});

test('a part that a full disk keeps from starting is tried until there is room, and ends nothing', async () => {
  const one = await spec('one');
  let refusals = 0;
  const prepare = async (): Promise<void> => {
    if (refusals === 0 || refusals > 8) return;
    refusals += 1;
    throw Object.assign(new Error('ENOSPC: no space left on device, open'), { code: 'ENOSPC' });
  };
  await supervisor.boot(0, { ...one, prepare });
  refusals = 1;
  process.kill(pidOf('one'), 'SIGKILL');
  await vi.waitFor(() => expect(lines.at(-1)).toBe('one is healthy again'), 20_000);
  expect(lines.filter((line) => line.includes('disk full: '))).toHaveLength(8);
  expect(await Promise.race([failure.promise, Promise.resolve('goes on')])).toBe('goes on');
});

test('a part that does not come up at first fails at once, with the remedy and its log', async () => {
  writeFileSync(join(folder, 'broken'), '');
  await expect(supervisor.boot(0, await spec('one'))).rejects.toMatchObject({
    message: `one ended (exit code 3) before it was healthy; mend it (log: ${join(folder, 'one.log')})`,
    detail: 'it is broken',
  });
});

test('stopping ends the highest rank first and leaves no process', async () => {
  await supervisor.boot(0, await spec('store'));
  await supervisor.boot(2, await spec('service'));
  await supervisor.boot(1, await spec('broker'));
  const pids = ['store', 'broker', 'service'].map(pidOf);
  await supervisor.stop();
  expect(readFileSync(join(folder, 'ended'), 'utf8')).toBe('service broker store ');
  expect(pids.map(identify)).toEqual([undefined, undefined, undefined]);
  expect(lines).toEqual([]);
});

test('a reload restarts the part, and one that fails waits for the next', async () => {
  await supervisor.boot(0, await spec('one'));
  writeFileSync(join(folder, 'broken'), '');
  expect(await supervisor.reload('one')).toBe(false);
  expect(supervisor.states).toMatchObject([{ trouble: 'waits for a change' }]);
  rmSync(join(folder, 'broken'));
  // Two changes at once are two restarts, one after the other.
  expect(await Promise.all([supervisor.reload('one'), supervisor.reload('one')])).toEqual([true, true]);
  expect(supervisor.states).toMatchObject([{ trouble: undefined, restarts: 2 }]);
});
