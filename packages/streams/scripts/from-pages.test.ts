// The tests on the pages for those who come from elsewhere, run as a reader would run them.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectOf } from './snippets.ts';

test.each(['from-kafka-streams.md', 'from-kafkajs.md'])('the tests on %s pass', (page) => {
  const folder = projectOf(join(import.meta.dirname, '..', 'docs', page));
  try {
    const { stdout } = spawnSync(process.execPath, ['--test'], { cwd: folder, encoding: 'utf8' });
    expect(stdout).toMatch(/pass 1\n[\s\S]*fail 0\n/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
