// Which long test files `npm test` leaves out.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '@activity/testbed/paths';
import { expect, test } from 'vitest';
import { groupCount, groupsOf, leftOut, longFiles } from './long-files.ts';

const groups = groupsOf(longFiles, groupCount);

test('each file is there, and runs with one of the groups', () => {
  for (const file of Object.keys(longFiles)) {
    expect([file, existsSync(join(projectRoot, file))]).toEqual([file, true]);
    expect(groups.filter((_files, group) => !leftOut(groups, group).includes(file))).toHaveLength(1);
  }
});

test('the workflow runs every group at each push', () => {
  const workflow = readFileSync(join(projectRoot, '.github/workflows/ci.yml'), 'utf8');
  const [, list] = /TEST_GROUP: \[(.*)\]/.exec(workflow) ?? [];
  expect(list?.split(', ').map(Number)).toEqual(groups.map((_files, group) => group));
});

test('no group takes much longer than another', () => {
  const times = groups.map((files) => files.reduce((sum, file) => sum + (longFiles[file] ?? 0), 0));
  expect(Math.max(...times) - Math.min(...times)).toBeLessThan(30);
});
