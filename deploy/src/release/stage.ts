// Stages the published packages: a folder for each, with what npm packs and nothing else.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { absoluteLinks } from './links.ts';
import { publishedManifest } from './manifest.ts';
import { published, renamed, type Published, type Publishing } from './publishing.ts';

/** What is staged, and where. */
export interface StageOptions {
  /** The root of the project. */
  root: string;
  /** The folder that gets the packages; what is in it is removed. */
  out: string;
  publishing: Publishing;
  /** The tag of the release: `v0.1.0`. */
  tag: string;
}

/** Beside sources: what a package's folder gives npm. */
const pages = ['README.md', 'CHANGELOG.md', 'LICENSE', 'docs', 'template'];

/**
 * Compiles the packages and lays each out in `<out>/packages/<name>`, with public names and addresses.
 * @throws Error with the compiler's messages.
 */
export function stage(options: StageOptions): Record<Published, string> {
  const { root, out } = options;
  rmSync(out, { recursive: true, force: true });
  mkdirSync(join(out, 'packages'), { recursive: true });
  cpSync(join(root, 'tsconfig.base.json'), join(out, 'tsconfig.base.json'));
  symlinkSync(join(root, 'node_modules'), join(out, 'node_modules'));
  for (const name of published) stageOne(name, options);
  return Object.fromEntries(published.map((name) => [name, join(out, 'packages', name)])) as Record<
    Published,
    string
  >;
}

function stageOne(name: Published, { root, out, publishing, tag }: StageOptions): void {
  const from = join(root, 'packages', name);
  const to = join(out, 'packages', name);
  for (const part of ['src', ...pages, 'tsconfig.json', 'tsconfig.build.json'])
    if (existsSync(join(from, part))) cpSync(join(from, part), join(to, part), { recursive: true });
  const manifest = readFileSync(join(from, 'package.json'), 'utf8');
  // The compiler reads it too: the sources' names stand until the package is compiled.
  writeFileSync(join(to, 'package.json'), manifest);
  compile(root, to);
  moveForBrowsers(to);
  removeUncompiled(to);
  for (const file of ['tsconfig.json', 'tsconfig.build.json']) rmSync(join(to, file));
  for (const file of readdirSync(to, { recursive: true, encoding: 'utf8' }))
    if (/\.(js|ts|md|json)$/.test(file)) rewrite(join(to, file), (text) => renamed(text, publishing));
  const folder = `packages/${name}`;
  for (const file of readdirSync(to, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.md'),
  )) {
    const page = { page: join(folder, file), folder, repository: publishing.repository, tag };
    rewrite(join(to, file), (text) => absoluteLinks(text, page));
  }
  writeFileSync(join(to, 'package.json'), publishedManifest(manifest, name, publishing));
}

/** Moves what browsers load as it is: the compiler passes it over. */
function moveForBrowsers(folder: string): void {
  const files = readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => /(^|\/)browser\/[^/]+\.(js|css)$/.test(name))) {
    const to = join(folder, 'dist', file);
    mkdirSync(dirname(to), { recursive: true });
    renameSync(join(folder, 'src', file), to);
  }
}

/** Removes sources that were not compiled: tests, and what is for tests alone. */
function removeUncompiled(folder: string): void {
  for (const file of readdirSync(join(folder, 'src'), { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const source = join(file.parentPath, file.name);
    const output = join(folder, 'dist', relative(join(folder, 'src'), source)).replace(/\.ts$/, '.js');
    if (!existsSync(output)) rmSync(source);
  }
}

function compile(root: string, folder: string): void {
  const tsc = join(root, 'node_modules', '.bin', 'tsc');
  try {
    execFileSync(tsc, ['-p', join(folder, 'tsconfig.build.json')], { encoding: 'utf8' });
  } catch (error) {
    throw new Error(`${folder} does not compile:\n${String((error as { stdout?: unknown }).stdout)}`, {
      cause: error,
    });
  }
}

function rewrite(file: string, change: (text: string) => string): void {
  const text = readFileSync(file, 'utf8');
  const changed = change(text);
  if (changed !== text) writeFileSync(file, changed);
}
