// The jar holds what the sources compile to.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { findJava } from '@activity/testbed/fetch/java';
import { run } from '@activity/testbed/process/run';
import { expect, onTestFinished, test } from 'vitest';
import { compile, filesIn, javaRelease, unpack } from './build.ts';

/** Whether there is the compiler that made the jar: another one may write other bytes. */
async function hasCompiler(): Promise<boolean> {
  const { file, major } = await findJava();
  if (major !== javaRelease) return false;
  return run({ file: file.replace(/java$/, 'javac'), args: ['-version'] }).then(
    ({ code }) => code === 0,
    () => false,
  );
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'activity-sink-plugin-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function contents(folder: string): [string, string][] {
  return filesIn(folder).map((file) => [relative(folder, file), readFileSync(file, 'base64')]);
}

test.skipIf(!(await hasCompiler()))('the jar holds what its sources compile to', async () => {
  const [packed, compiled] = [temporaryFolder(), temporaryFolder()];
  await Promise.all([unpack(packed), compile(compiled)]);
  expect(contents(packed)).toEqual(contents(compiled));
});
