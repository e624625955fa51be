import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { projectRoot } from '../paths.ts';
import type { Problem } from '../process/problem.ts';
import { checkJars } from './checked.ts';

interface Download {
  folder: string;
  list: string;
  write: (file: string, text: string) => void;
}

function downloaded(files: Record<string, string>): Download {
  const folder = mkdtempSync(join(tmpdir(), 'activity-jars-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  function write(file: string, text: string): void {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  for (const [file, text] of Object.entries(files)) write(file, text);
  const lines = Object.entries(files).map(
    ([file, text]) => `${createHash('sha256').update(text).digest('hex')}  ${file}\n`,
  );
  const list = join(folder, 'jars.sha256');
  writeFileSync(list, lines.join(''));
  return { folder, list, write };
}

async function problemOf({ folder, list }: Download): Promise<string | undefined> {
  return checkJars(folder, list).then(
    () => undefined,
    (error: unknown) => (error as Problem).detail,
  );
}

test('jars with the hashes of the list pass', async () => {
  expect(await problemOf(downloaded({ 'libs/a.jar': 'a', 'plugins/b.jar': 'b' }))).toBeUndefined();
});

test('a jar that was changed, added or left out is named', async () => {
  const download = downloaded({ 'libs/a.jar': 'a', 'libs/b.jar': 'b' });
  download.write('libs/a.jar', 'another');
  download.write('libs/c.jar', 'c');
  rmSync(join(download.folder, 'libs/b.jar'));
  expect(await problemOf(download)).toBe(
    'libs/a.jar has another hash\nlibs/c.jar is not on the list\nlibs/b.jar is missing',
  );
});

test('every package with an install script is one that package.json decides about', () => {
  const { packages } = JSON.parse(readFileSync(join(projectRoot, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { hasInstallScript?: boolean }>;
  };
  const { allowScripts } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
    allowScripts: Record<string, boolean>;
  };
  const names = Object.entries(packages).flatMap(([path, { hasInstallScript }]) =>
    hasInstallScript ? [path.slice(path.lastIndexOf('node_modules/') + 13)] : [],
  );
  expect(names.filter((name) => !(name in allowScripts))).toEqual([]);
});
