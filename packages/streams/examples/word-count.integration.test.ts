// The README's example as its reader runs it: a process of its own on a real broker,
// killed and started again.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { servers } from '@activity/testbed/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { connectWitness, type Witness } from '@activity/kafka/testing';

const file = join(import.meta.dirname, 'word-count.ts');
const folder = mkdtempSync(join(tmpdir(), 'word-count-'));
const started: ChildProcess[] = [];
let witness: Witness;

beforeAll(async () => {
  witness = await connectWitness(servers().kafka);
  await witness.createTopic('lines', 4);
  await witness.createTopic('word-counts', 4);
});

afterAll(async () => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
  await witness[Symbol.asyncDispose]();
});

function start(): ChildProcess {
  const env = { ...process.env, KAFKA: servers().kafka };
  const child = spawn(process.execPath, [file], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  started.push(child);
  return child;
}

/** The committed counts of a word in their order: each record that came out. */
async function countsOf(word: string): Promise<string[]> {
  const seen = await witness.readCommitted('word-counts');
  return seen.filter(({ key }) => key === word).map(({ value }) => value ?? '');
}

function lines(count: number): { key: string; value: string }[] {
  return Array.from({ length: count }, (_, n) => ({ key: `line-${n}`, value: `Hello, word${n}!` }));
}

const patience = { timeout: 40_000, interval: 250 };

test('counts every word once, through a kill and a stop', { timeout: 120_000 }, async () => {
  const killed = start();
  await witness.send('lines', lines(50));
  await vi.waitFor(async () => expect(await countsOf('hello')).not.toEqual([]), patience);
  await witness.send('lines', lines(50));
  killed.kill('SIGKILL');
  await once(killed, 'exit');

  const second = start();
  const expected = Array.from({ length: 100 }, (_, n) => String(n + 1));
  await vi.waitFor(async () => expect(await countsOf('hello')).toEqual(expected), patience);
  expect(await countsOf('word7')).toEqual(['1', '2']);

  second.kill('SIGTERM');
  const [code] = (await once(second, 'exit')) as [number | null];
  expect(code).toBe(0);
});
