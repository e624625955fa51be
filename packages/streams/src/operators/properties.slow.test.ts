// The properties of operators with 10,000 seeds each; `npm test` tries 300. OPERATOR_SEEDS is another number.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { projectRoot } from '@activity/testbed/paths';
import { expect, test } from 'vitest';

const STREAMS_SEEDS = process.env['OPERATOR_SEEDS'] ?? '10000';
const folder = import.meta.dirname;
/** The test files whose properties are checked with STREAMS_SEEDS seeds. */
const files = readdirSync(folder)
  .filter((file) => file.endsWith('.test.ts') && !file.endsWith('.slow.test.ts'))
  .filter((file) => /check(Async)?Property\(/.test(readFileSync(join(folder, file), 'utf8')));

test('there are files with properties', () =>
  expect(files).toEqual(
    expect.arrayContaining(['exactly-once-joins.test.ts', 'exactly-once-async.test.ts']),
  ));

test.each(files)(
  `%s holds with ${STREAMS_SEEDS} seeds`,
  async (file) => {
    const vitest = join(projectRoot, 'node_modules', 'vitest', 'vitest.mjs');
    const path = relative(projectRoot, join(folder, file));
    const child = spawn(process.execPath, [vitest, 'run', '--project', 'unit', path], {
      cwd: projectRoot,
      env: { ...process.env, STREAMS_SEEDS },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const output of [child.stdout, child.stderr])
      output.on('data', (data: Buffer) => (text = (text + data.toString()).slice(-20_000)));
    const [code] = (await once(child, 'exit')) as [number | null];
    // A failure names the seed.
    expect([code, code === 0 ? '' : text]).toEqual([0, '']);
  },
  2 * 3_600_000,
);
