// How pages become those of the site, and what counts as a dead link.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { deadLinks } from './dead-links.ts';
import { llmsFull, llmsIndex } from './llms.ts';
import { pagesOf } from './pages.ts';
import { render } from './render.ts';

const root = join(import.meta.dirname, '..', '..');
const pages = pagesOf(root);
const readme = pages.find(({ path }) => path === 'index.md') ?? pages[0]!;
const joins = pages.find(({ path }) => path === 'tutorial/11-joins.md') ?? pages[0]!;

describe('a page', () => {
  const text = '[t](docs/tutorial/11-joins.test.ts#x) [s](src/start.ts) [w](https://w.org) [h](#here)';

  test('links to pages of the site, and to the repository', () => {
    expect(render(readme, text, { pages, repository: 'https://r.org/o/n' })).toBe(
      '[t](./tutorial/11-joins.md#x) [s](https://r.org/o/n/blob/main/packages/streams/src/start.ts) [w](https://w.org) [h](#here)',
    );
  });

  test('has text in the place of links to a repository without an address', () => {
    expect(render(readme, text, { pages, repository: '' })).toContain(' s [w]');
  });

  test('of the tutorial is its prose, then its code', () => {
    const made = render(joins, '// Chapter 1: a\n//\n// Prose.\nimport b;\n// c\n', {
      pages,
      repository: '',
    });
    expect(made).toBe('# Chapter 1: a\n\nProse.\n\n```ts\nimport b;\n// c\n```\n');
  });
});

test('llms.txt leads to every page, and llms-full.txt has them', () => {
  expect(pages.filter(({ path }) => !llmsIndex(pages).includes(`(/${path})`))).toEqual([]);
  expect(llmsFull([{ page: readme, markdown: '# One\n' }])).toContain('<!-- /index.md -->\n\n# One');
});

describe('links', () => {
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'site-'));
    mkdirSync(join(folder, 'a'));
    writeFileSync(join(folder, 'a', 'index.html'), '<h1 id="here">a</h1>');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  test.each([
    ['/a/', true],
    ['a/index.html#here', true],
    ['./a/index', true],
    ['https://elsewhere.org/x', true],
    ['/a/#there', false],
    ['/b/', false],
    ['a/other.html', false],
  ])('%s leads somewhere: %s', (link, leads) => {
    writeFileSync(join(folder, 'page.html'), `<a class="x" href="${link}">l</a>`);
    expect(deadLinks(folder)).toEqual(leads ? [] : [`page.html: ${link}`]);
  });
});
