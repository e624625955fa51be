// A million lines of history from a file, with ten kills of importer, broker and processor.
import { afterAll, beforeAll, test } from 'vitest';
import { expectImported, startLasting } from './testing/import-run.ts';
import type { Stack } from './testing/stack.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await startLasting('import-million');
});

afterAll(() => stack.stop());

test('1,000,000 lines dated 2015 to 2026, ten kills: nothing lost, nothing double, counts and timelines exact', async () => {
  await expectImported(stack, {
    lines: 1_000_000,
    users: 8_000,
    kills: 10,
    seed: 2_022,
    storedWithinMs: 900_000,
  });
}, 1_800_000);
