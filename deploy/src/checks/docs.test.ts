// What the pages refer to is there: links with their anchors, scripts, paths. The commands of
// docs/getting-started.md are run by an integration test;
// here only that each of its blocks says whether it is.
import { existsSync, globSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { anchorsOf, blocksOf, linksOf, pathsOf, scriptsOf } from './markdown.ts';
import { projectRoot, read } from './sources.ts';

const pages = globSync(
  [
    '*.md',
    'docs/**/*.md',
    'examples/*.md',
    'packages/contracts/*.md',
    'packages/streams/*.md',
    'packages/streams/docs/**/*.md',
  ],
  { cwd: projectRoot },
).toSorted();
// Not what is made while working: .data, .cache, node_modules.
const folders = readdirSync(projectRoot).filter(
  (name) => !/^\.|^node_modules$/.test(name) && statSync(join(projectRoot, name)).isDirectory(),
);

/** The scripts of a package.json; none where there is no such file. */
function scriptsIn(folder: string): string[] {
  if (!existsSync(join(projectRoot, folder, 'package.json'))) return [];
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(read(join(folder, 'package.json'))));
  return Object.keys(scripts);
}

const anchorsByFile = new Map<string, string[]>();

function anchorsIn(file: string): string[] {
  let anchors = anchorsByFile.get(file);
  if (!anchors) anchorsByFile.set(file, (anchors = anchorsOf(read(file))));
  return anchors;
}

/** Why a link leads nowhere; undefined where it does not. */
function brokenLink(page: string, target: string): string | undefined {
  if (/^[a-z]+:/.test(target)) return undefined;
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? page : relative(projectRoot, join(projectRoot, dirname(page), path));
  if (!existsSync(join(projectRoot, file))) return `${target}: there is no ${file}`;
  if (anchor === undefined || anchorsIn(file).includes(anchor)) return undefined;
  return `${target}: ${file} has no such heading`;
}

test('there are pages', () => {
  expect(pages).toEqual(
    expect.arrayContaining(['README.md', 'docs/README.md', 'packages/streams/README.md']),
  );
});

describe.each(pages)('%s', (page) => {
  const markdown = read(page);

  test('its links lead somewhere', () => {
    expect(linksOf(markdown).flatMap((target) => brokenLink(page, target) ?? [])).toEqual([]);
  });

  test('the scripts that it names can be run', () => {
    // Inside a package, a script is first of all the package's own.
    const here = new Set([...scriptsIn('.'), ...scriptsIn(page.split('/').slice(0, 2).join('/'))]);
    const missing = scriptsOf(markdown).filter(({ script, workspace }) =>
      workspace === undefined ? !here.has(script) : !scriptsIn(workspace).includes(script),
    );
    expect(missing).toEqual([]);
  });

  test('the paths that it names are there', () => {
    const missing = pathsOf(markdown, folders).filter(
      (path) => !existsSync(join(projectRoot, path)) && !existsSync(join(projectRoot, dirname(page), path)),
    );
    expect(missing).toEqual([]);
  });
});

test('every page of docs is in its index', () => {
  const listed = new Set(linksOf(read('docs/README.md')).map((target) => target.split('#')[0]));
  const own = pages.filter((page) => /^docs\/[^/]+\.md$/.test(page) && page !== 'docs/README.md');
  expect(own.filter((page) => !listed.has(page.slice('docs/'.length)))).toEqual([]);
});

test('each shell block of getting started says whether the tests run it', () => {
  const unsaid = blocksOf(read('docs/getting-started.md'))
    .filter(({ language }) => language === 'sh')
    .filter(({ mark }) => mark !== 'run' && !/^not run: ./.test(mark ?? ''));
  expect(unsaid).toEqual([]);
});

test('the messages in Troubleshooting are those of the programs', () => {
  const files = globSync(
    ['{ingest,processor,connect,query,local,e2e}/src/**/*.ts', 'packages/*/src/**/*.ts', 'local/*.mjs'],
    {
      cwd: projectRoot,
      exclude: (path) => path.endsWith('.test.ts'),
    },
  );
  const sources = files.map((file) => read(file).replaceAll(/\$\{[^}]*\}/g, '…')).join('\n');
  const cells = [...read('docs/troubleshooting.md').matchAll(/^\| ([^|]*)/gm)].map(([, cell = '']) => cell);
  const messages = cells
    .flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text))
    .filter((text) => text.includes(' '));
  expect(messages.length).toBeGreaterThan(20);
  // What differs from time to time stands as … there.
  const parts = messages.flatMap((message) => message.split('…').map((part) => part.trim()));
  expect(parts.filter((part) => part.length > 3 && !sources.includes(part))).toEqual([]);
});

test('what deletes an overlay goes on where its Jobs have expired', () => {
  const commands = pages.flatMap((page) => read(page).match(/kubectl delete -k [^`\n]*/g) ?? []);
  expect(commands.length).toBeGreaterThan(0);
  expect(commands.filter((command) => !command.includes('--ignore-not-found'))).toEqual([]);
});
