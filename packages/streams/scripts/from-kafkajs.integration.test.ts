// Both sides of the page "From kafkajs" on a broker, and what becomes of the offsets.
import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { servers } from '@activity/testbed/testing';
import { connectWitness, uniqueName, type Witness } from '@activity/kafka/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { projectOf } from './snippets.ts';

const folder = projectOf(join(import.meta.dirname, '..', 'docs', 'from-kafkajs.md'));
let witness: Witness;
let input: string;
const group = uniqueName('orders');

beforeAll(async () => {
  writeFileSync(
    join(folder, 'run.ts'),
    `const [side, ...args] = process.argv.slice(2);
    const { startCounting } = await import(side);
    const running = await startCounting([args.shift()], ...args);
    process.once('SIGTERM', () => void running.close().then(() => process.exit()));`,
  );
  witness = await connectWitness(servers().kafka);
  input = await witness.createTopic(uniqueName('orders'), 1);
  await witness.send(
    input,
    ['ada', 'bob', 'ada'].map((key) => ({ key, value: 'tea' })),
  );
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await witness[Symbol.asyncDispose]();
});

/** Runs one side until the output has these counts, as `customer: count`. */
async function runUntil(
  side: 'before' | 'after',
  id: string,
  output: string,
  counts: string[],
): Promise<void> {
  const mended = ['--import', '@activity/testbed/testing/mend-kafkajs'];
  const args = [...mended, 'run.ts', `./${side}.ts`, servers().kafka, id, input, output];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const written = async (): Promise<string[]> =>
    (await witness.readCommitted(output)).map(({ key, value }) => `${key}: ${value}`);
  await vi.waitFor(async () => expect(await written()).toEqual(counts), { timeout: 40_000, interval: 200 });
  child.kill('SIGTERM');
  await ended;
}

test('both count alike; a new id begins at the start, the old one where kafkajs stopped', async () => {
  const before = await witness.createTopic(uniqueName('before'), 1);
  await runUntil('before', group, before, ['ada: 1', 'bob: 1', 'ada: 2']);
  await vi.waitFor(async () => expect(await witness.committedOffsets(group, input)).toEqual([3]));

  const after = await witness.createTopic(uniqueName('after'), 1);
  await runUntil('after', uniqueName('orders'), after, ['ada: 1', 'bob: 1', 'ada: 2']);

  await witness.send(input, [{ key: 'ada', value: 'wine' }]);
  const kept = await witness.createTopic(uniqueName('kept'), 1);
  await runUntil('after', group, kept, ['ada: 1']);
}, 150_000);
