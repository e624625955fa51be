// Years of history from a file, with the importer, the broker and the processor killed while it is imported.
// A million lines: import.slow.test.ts.
import { afterAll, beforeAll, test } from 'vitest';
import { expectImported } from './testing/import-run.ts';
import { startStack, type Stack } from './testing/stack.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await startStack('import');
});

afterAll(() => stack.stop());

test('20,000 lines dated 2015 to 2026, three kills: nothing lost, nothing double, counts and timelines exact', async () => {
  await expectImported(stack, { lines: 20_000, users: 400, kills: 3, seed: 22, storedWithinMs: 90_000 });
}, 300_000);
