// Reading links, anchors, scripts, paths and blocks out of a page.
import { expect, test } from 'vitest';
import { anchorsOf, blocksOf, linksOf, pathsOf, scriptsOf } from './markdown.ts';

test('links, also of images and around code, but not those in code', () => {
  const page = '[a](b.md) ![c](d.png) [`e`](f.md#g)\n`[h](i)`\n```sh\n[j](k)\n```\n';
  expect(linksOf(page)).toEqual(['b.md', 'd.png', 'f.md#g']);
});

test('anchors as GitHub makes them', () => {
  const page = '# Beside `npm start`\n## A [link](x.md), and more\n## Twice\n```sh\n# none\n```\n## Twice\n';
  expect(anchorsOf(page)).toEqual(['beside-npm-start', 'a-link-and-more', 'twice', 'twice-1']);
});

test('scripts, with the workspace where one is named', () => {
  expect(scriptsOf('`npm run bench:edge` and npm run build -w query, `npm run keys -- list`')).toEqual([
    { script: 'bench:edge', workspace: undefined },
    { script: 'build', workspace: 'query' },
    { script: 'keys', workspace: undefined },
  ]);
});

test('paths of the project, not of others', () => {
  const page = '`docs/edge.md` `kafka/port.ts` `docs/*.md` `/docs` `docs` ``` `docs/x` ```\n';
  expect(pathsOf(page, ['docs'])).toEqual(['docs/edge.md', 'docs/x']);
});

test('blocks with their marks', () => {
  expect(blocksOf('<!-- run -->\n\n```sh\na\nb\n```\n\ntext\n```console\n$ c\n```\n')).toEqual([
    { language: 'sh', text: 'a\nb\n', mark: 'run' },
    { language: 'console', text: '$ c\n', mark: undefined },
  ]);
});
