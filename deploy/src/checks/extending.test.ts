// docs/extending.md, performed on a copy of the sources: its changes are made, checked by the compiler, and
// its commands run.
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseConfig } from '@activity/service';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { edited, examplesOf } from './extending.ts';
import { projectRoot, read, schemas } from './sources.ts';

const { edits, newFiles, commands, settings } = examplesOf(read('docs/extending.md'));
const copy = realpathSync(mkdtempSync(join(tmpdir(), 'activity-extending-')));
const bin = join(copy, 'node_modules', '.bin');
const made = new Set(['node_modules', '.git', '.data', '.cache', '.turbo', 'dist', 'coverage']);

/**
 * Copies the sources, and links to the packages that are installed;
 * the workspaces among these are the copies.
 */
function copySources(): void {
  cpSync(projectRoot, copy, { recursive: true, filter: (path) => !made.has(basename(path)) });
  for (const folder of ['.', 'ingest', 'query', 'packages/contracts']) linkPackages(folder);
}

function linkPackages(folder: string): void {
  const installed = join(projectRoot, folder, 'node_modules');
  if (!existsSync(installed)) return;
  const to = join(copy, folder, 'node_modules');
  mkdirSync(to);
  for (const name of readdirSync(installed)) {
    if (name === '@activity')
      cpSync(join(installed, name), join(to, name), { recursive: true, verbatimSymlinks: true });
    else if (!name.startsWith('.') || name === '.bin') symlinkSync(join(installed, name), join(to, name));
  }
}

/** Runs a command in the copy, which is to end with 0, and returns what it printed. */
async function expectRun(command: string): Promise<string> {
  // vitest of the copy must not take itself for a worker of this one.
  const env = Object.entries(process.env).filter(([name]) => !/^(VITEST|TEST$|NODE_ENV$)/.test(name));
  const { promise: done, resolve } = Promise.withResolvers<string>();
  const child = execFile(
    'bash',
    ['-ec', command],
    { cwd: copy, env: { ...Object.fromEntries(env), PATH: `${bin}:${process.env['PATH']}` } },
    (_error, stdout, stderr) => resolve(`${stdout}${stderr}`),
  );
  const output = await done;
  expect(child.exitCode, `${command}\n${output}`).toBe(0);
  return output;
}

beforeAll(() => {
  copySources();
  for (const edit of edits) {
    const file = join(copy, edit.path);
    writeFileSync(file, edited(readFileSync(file, 'utf8'), edit));
  }
  for (const { path, text } of newFiles) {
    writeFileSync(join(copy, path), text, { flag: 'wx' });
  }
});

if (!process.env['KEEP']) afterAll(() => rmSync(copy, { recursive: true, force: true }));

test('the page has an example of each kind', () => {
  expect([edits.length, newFiles.length, commands.length, settings.length].map((count) => count > 0)).toEqual(
    [true, true, true, true],
  );
});

test('an example needs three changed files at most', () => {
  const examples = read('docs/extending.md').split(/^## /m).slice(1);
  for (const example of examples) {
    expect(new Set(examplesOf(example).edits.map(({ path }) => path)).size).toBeLessThanOrEqual(3);
  }
});

test.each(settings)('the edge and the processor take %j', (setting) => {
  for (const service of ['ingest', 'processor'] as const) {
    const schema = schemas[service];
    expect(schema && parseConfig(schema, setting)).toMatchObject({
      ACTIVITY_TYPES: setting['ACTIVITY_TYPES']?.split(','),
    });
  }
});

const include = ['packages/contracts/src', 'processor/src'];

test('the changed sources compile', async () => {
  writeFileSync(
    join(copy, 'tsconfig.extended.json'),
    JSON.stringify({ extends: './tsconfig.base.json', include }),
  );
  await expectRun('tsc -p tsconfig.extended.json');
}, 180_000);

test('the changed sources are formatted', async () => {
  await expectRun(`oxfmt --check ${[...edits, ...newFiles].map(({ path }) => path).join(' ')}`);
});

test('the commands and tests of the page pass', async () => {
  const lines = commands.flatMap((text) => text.trim().split('\n'));
  const vitest = 'vitest run --project unit ';
  const tested = lines
    .filter((line) => line.startsWith(vitest))
    .join(' ')
    .replaceAll(vitest, '');
  // The examples are there all at once, so each command is needed once, and one vitest runs all tests:
  // starting one takes seconds.
  const others = new Set(lines.filter((line) => !line.startsWith(vitest)));
  const ran = await expectRun(`${vitest}--no-isolate --maxWorkers=1 --reporter=verbose ${tested}`);
  const shown = newFiles.map(({ path }) => path).filter((path) => path.endsWith('.test.ts'));
  expect(shown.filter((path) => !ran.includes(path))).toEqual([]);
  await expectRun([...others].join('\n'));
}, 180_000);
