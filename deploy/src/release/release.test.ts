// What a release makes of names, manifests and links, and why it is refused.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectRoot } from '@activity/testbed/paths';
import { absoluteLinks } from './links.ts';
import { publishedManifest } from './manifest.ts';
import { published, readPublishing, renamed, type Publishing } from './publishing.ts';
import { refusals, type Release } from './refusals.ts';

const repository = 'https://github.com/owner/name';
const names = { kafka: '@new/wire', streams: 'new-streams', 'create-streams-app': '@new/create-app' };
const publishing: Publishing = { repository, names };

test('packages need the Node that their dependencies need', () => {
  const engine = (file: string): string =>
    (JSON.parse(readFileSync(join(projectRoot, file), 'utf8')) as { engines: { node: string } }).engines.node;
  const lowest = [...engine('node_modules/@platformatic/kafka/package.json').matchAll(/>= ?([\d.]+)/g)];
  expect(lowest.map(([, version]) => version)).toEqual(['22.22.0', '24.6.0']);
  for (const name of published) expect(engine(`packages/${name}/package.json`)).toBe('^22.22.0 || >=24.6.0');
});

test('the root names every package', () => {
  expect(Object.values(readPublishing(projectRoot).names)).toHaveLength(3);
});

test.each([
  [`from '@activity/kafka/core'`, `from '@new/wire/core'`],
  ['"@activity/streams": "0.1.0"', '"new-streams": "0.1.0"'],
  ['`@activity/create-streams-app`', '`@new/create-app`'],
  ['npm create @activity/streams-app my-app', 'npm create @new/app my-app'],
  ['@activity/kafka-connect', '@activity/kafka-connect'],
])('%s is published as %s', (text, expected) => {
  expect(renamed(text, publishing)).toBe(expected);
});

describe('the manifest', () => {
  const source = {
    name: '@activity/streams',
    version: '1.0.0',
    private: true,
    exports: { '.': './src/index.ts' },
    publishConfig: { exports: { '.': './dist/index.js' }, access: 'public' },
    scripts: { test: 'vitest' },
    dependencies: { '@activity/kafka': '1.0.0' },
    devDependencies: { '@activity/testbed': '1.0.0' },
  };
  const made = (repositoryNow: string): unknown =>
    JSON.parse(publishedManifest(JSON.stringify(source), 'streams', { names, repository: repositoryNow }));

  test('leads to dist and to the repository, and has nothing of the work on it', () => {
    expect(made(repository)).toEqual({
      name: 'new-streams',
      version: '1.0.0',
      exports: { '.': './dist/index.js' },
      publishConfig: { access: 'public' },
      dependencies: { '@new/wire': '1.0.0' },
      repository: { type: 'git', url: `git+${repository}.git`, directory: 'packages/streams' },
      homepage: `${repository}/tree/main/packages/streams#readme`,
      bugs: { url: `${repository}/issues` },
    });
  });

  test('says nothing of a repository that has no address', () => {
    expect(made('')).not.toHaveProperty('repository');
    expect(made('')).not.toHaveProperty('homepage');
  });

  test('of a package that is not private in the repository is refused', () => {
    const open = JSON.stringify({ ...source, private: false });
    expect(() => publishedManifest(open, 'streams', publishing)).toThrow('private');
  });
});

describe('links', () => {
  const page = { page: 'packages/streams/docs/a.md', folder: 'packages/streams', tag: 'v1' };

  test('out of the package get the address', () => {
    expect(absoluteLinks('[b](b.md#x) [c](../../../docs/c.md#y)', { ...page, repository })).toBe(
      `[b](b.md#x) [c](${repository}/blob/v1/docs/c.md#y)`,
    );
  });

  test('are text while there is no address', () => {
    expect(absoluteLinks('[c](../../../docs/c.md), [d](https://d.org)', { ...page, repository: '' })).toBe(
      'c, [d](https://d.org)',
    );
  });
});

describe('a release is refused', () => {
  const release: Release = {
    publishing,
    tag: 'v1.0.0',
    packages: [{ name: 'kafka', version: '1.0.0', changelog: '# Changelog\n\n## 1.0.0\n' }],
  };

  test('but not when everything is there', () => {
    expect(refusals(release)).toEqual([]);
  });

  test.each<[string, Partial<Release>, RegExp]>([
    ['without an address', { publishing: { names, repository: '' } }, /set publishing.repository in package/],
    ['without a tag', { tag: undefined }, /the tag is not given: tag v1\.0\.0/],
    ['by another tag', { tag: 'v1.0.1' }, /the tag is v1\.0\.1: tag v1\.0\.0/],
    [
      'without its part of the changelog',
      { packages: [{ name: 'kafka', version: '1.0.0', changelog: '## 0.9.0' }] },
      /packages\/kafka\/CHANGELOG\.md has no section "## 1\.0\.0"/,
    ],
  ])('%s', (_, change, expected) => {
    expect(refusals({ ...release, ...change })).toEqual([expect.stringMatching(expected)]);
  });
});
