// The linter holds the directions of imports: a wrong one in each folder, in files and in tests, is an error.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectRoot } from '@activity/testbed/paths';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';

const streams = 'packages/streams/src';

/** A file, an import that it must not have, and one that it may have. */
const cases: readonly [file: string, wrong: string, right: string][] = [
  [`${streams}/api/one.ts`, '../state/store.ts', './record.ts'],
  [`${streams}/api/one.ts`, '../runtime/task.ts', '@activity/kafka'],
  [`${streams}/topology/one.ts`, '../operators/map.ts', '../api/record.ts'],
  [`${streams}/topology/one.ts`, '@activity/kafka', '../api/record.ts'],
  [`${streams}/operators/one.ts`, '../dsl/stream.ts', '../topology/topology.ts'],
  [`${streams}/operators/one.ts`, '../runtime/task.ts', '../api/record.ts'],
  [`${streams}/dsl/one.ts`, '../state/store.ts', '../operators/map.ts'],
  [`${streams}/state/one.ts`, '../runtime/task.ts', '../api/record.ts'],
  [`${streams}/state/one.ts`, '../topology/topology.ts', '../api/record.ts'],
  [`${streams}/runtime/one.ts`, '../dsl/stream.ts', '../topology/topology.ts'],
  [`${streams}/runtime/one.ts`, '@platformatic/kafka', '@activity/kafka'],
  [`${streams}/testing/one.ts`, '../dsl/stream.ts', '../runtime/task.ts'],
  [`${streams}/one.ts`, '@activity/contracts', '@activity/kafka'],
  [`${streams}/one.test.ts`, '@activity/local/config', '@activity/testbed'],
  ['packages/kafka/src/one.ts', '@activity/streams', './errors.ts'],
  ['packages/kafka/src/one.ts', '@platformatic/kafka', './client/wire.ts'],
  ['packages/kafka/src/one.test.ts', '@activity/service', '@activity/testbed'],
  ['packages/testbed/src/one.ts', '@activity/contracts', 'zod'],
  ['packages/testbed/src/one.test.ts', '@activity/local/config', 'vitest'],
  ['packages/contracts/src/one.ts', '@activity/query/config', 'zod'],
  ['packages/catalogue/src/one.ts', '@activity/streams', '@activity/kafka'],
  ['packages/service/src/one.test.ts', '@activity/ingest/config', '@activity/contracts'],
  ['ingest/src/one.ts', '@activity/query/config', '@activity/contracts'],
  ['ingest/src/one.ts', '../../query/src/config.ts', './config.ts'],
  ['processor/src/one.test.ts', '@activity/connect/config', '@activity/streams'],
  ['connect/src/one.test.ts', '../../processor/src/config.ts', '@activity/testbed'],
  ['query/src/one.ts', '@activity/e2e/testing/stack', '@activity/service'],
  ['local/src/one.ts', '@activity/connect/config', '@activity/testbed'],
  ['local/src/one.test.ts', '@activity/e2e/testing/stack', '@activity/testbed'],
  ['deploy/src/checks/one.test.ts', '../../../ingest/src/config.ts', '@activity/ingest/config'],
  ['e2e/src/one.test.ts', '../../query/src/config.ts', '@activity/query/config'],
  ['benchmarks/src/edge/one.ts', '../../../ingest/src/config.ts', '@activity/testbed'],
];

const folder = mkdtempSync(join(tmpdir(), 'activity-layers-'));
const report = z.object({ diagnostics: z.array(z.object({ code: z.string(), filename: z.string() })) });

/** Writes a module for each of these imports into the folder that it is about. Returns their paths. */
function write(kind: 'wrong' | 'right'): string[] {
  return cases.map(([file, wrong, right], i) => {
    const path = file.replace('one.', `${kind}-${i}.`);
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), `export * from '${kind === 'wrong' ? wrong : right}';\n`);
    return path;
  });
}

let refused: ReadonlySet<string>;

beforeAll(() => {
  copyFileSync(join(projectRoot, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
  write('wrong');
  write('right');
  const oxlint = join(projectRoot, 'node_modules', '.bin', 'oxlint');
  let output: string;
  try {
    output = execFileSync(oxlint, ['--format', 'json', '.'], { cwd: folder, encoding: 'utf8' });
  } catch (error) {
    // It ends with 1 where it has found something.
    output = z.object({ stdout: z.string() }).parse(error).stdout;
  }
  const { diagnostics } = report.parse(JSON.parse(output));
  const found = diagnostics.filter(({ code }) => code.includes('no-restricted-imports'));
  refused = new Set(found.map(({ filename }) => filename));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(cases.map(([file, wrong], i) => ({ file, wrong, i })))(
  '$file may not import $wrong',
  ({ file, i }) => {
    expect(refused).toContain(file.replace('one.', `wrong-${i}.`));
  },
);

test('what each may import is no error', () => {
  const paths = cases.map(([file], i) => file.replace('one.', `right-${i}.`));
  expect(paths.filter((path) => refused.has(path))).toEqual([]);
});
