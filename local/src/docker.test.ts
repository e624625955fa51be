import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('without docker the remedy is said', () => {
  const start = join(import.meta.dirname, 'start.ts');
  const { status, stderr } = spawnSync(process.execPath, [start, '--docker'], {
    encoding: 'utf8',
    env: { ...process.env, PATH: '' },
  });
  expect([status, stderr]).toEqual([1, expect.stringContaining('docker compose is missing')]);
});
