import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checksumFile, checksums } from './build.ts';

test('the jar is made of the sources as they are', () => {
  // Otherwise: `node connect/src/sink-plugin/main.ts` makes it again.
  expect(readFileSync(checksumFile, 'utf8')).toBe(checksums());
});
