// No source has more than 400 lines, generated ones apart: what changes together fits into less.
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { projectRoot, read } from './sources.ts';

const most = 400;

test('no source has more than 400 lines', () => {
  const patterns = ['*.ts', '*.tsx', '*.mjs', '*.css', '*.sh', ':!*.golden.*'];
  const files = execFileSync('git', ['ls-files', '--', ...patterns], { cwd: projectRoot, encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);
  expect(files.length).toBeGreaterThan(100);
  const long = files.map((file) => ({ file, lines: read(file).split('\n').length - 1 }));
  expect(long.filter(({ lines }) => lines > most)).toEqual([]);
});
