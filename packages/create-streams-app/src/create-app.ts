// Makes a project of the template.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

const packageFolder = join(import.meta.dirname, '..');

/** Names that npm would treat as its own inside of a package, and the names that the project gets. */
const realNames: readonly (readonly [string, string])[] = [
  ['_gitignore', '.gitignore'],
  ['_package.json', 'package.json'],
];

/**
 * Makes a project in a folder that is empty or not there. Its name is that of the folder.
 * @returns The folder's full path.
 * @throws Error where the folder holds anything, or its name cannot be a package's.
 * @example createApp('word-count')
 */
export function createApp(folder: string): string {
  const path = resolve(folder);
  const name = basename(path);
  if (!/^[a-z0-9][a-z0-9._-]*$/.test(name)) {
    throw new Error(
      `${name || 'the folder'} cannot be the name of a package: use lower-case letters, digits, - and _`,
    );
  }
  if (existsSync(path) && readdirSync(path).length > 0)
    throw new Error(`${path} is not empty: name a folder that is, or that is not there`);
  mkdirSync(path, { recursive: true });
  cpSync(join(packageFolder, 'template'), path, { recursive: true });
  for (const [stored, real] of realNames) renameSync(join(path, stored), join(path, real));
  for (const file of ['package.json', 'README.md', 'src/main.ts']) fill(join(path, file), name);
  return path;
}

/** Puts the project's name, and the version of this package, into a file. */
function fill(file: string, name: string): void {
  const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as {
    version: string;
  };
  const text = readFileSync(file, 'utf8').replaceAll('app-name', name).replaceAll('app-version', version);
  writeFileSync(file, text);
}
