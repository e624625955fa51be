// `npm run site`: builds the documentation site into .cache/site/dist, and checks its links.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readArguments } from '@activity/service';
import { build } from 'vitepress';
import { writeApi } from './api.ts';
import { deadLinks } from './dead-links.ts';
import { llmsFull, llmsIndex } from './llms.ts';
import { pagesOf } from './pages.ts';
import { render } from './render.ts';

readArguments({
  usage: `npm run site

Builds the documentation site into .cache/site/dist, and checks its links.`,
});
const root = join(import.meta.dirname, '..', '..');
const out = join(root, '.cache', 'site');
const content = join(out, 'content');
rmSync(out, { recursive: true, force: true });
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  publishing: { repository: string };
};
const pages = pagesOf(root);
const rendered = pages.map((page) => {
  const text = readFileSync(join(root, page.source), 'utf8');
  return { page, markdown: render(page, text, { pages, repository: manifest.publishing.repository }) };
});
for (const { page, markdown } of rendered) {
  mkdirSync(dirname(join(content, page.path)), { recursive: true });
  writeFileSync(join(content, page.path), markdown);
}
await writeApi(root, join(content, 'api'));
await build(join(root, 'site'));
const dist = join(out, 'dist');
// What llms.txt leads to.
cpSync(content, dist, { recursive: true, filter: (path) => !/\.\w+$/.test(path) || path.endsWith('.md') });
writeFileSync(join(dist, 'llms.txt'), llmsIndex(pages));
writeFileSync(join(dist, 'llms-full.txt'), llmsFull(rendered));
const dead = deadLinks(dist);
if (dead.length > 0) {
  console.error(`These links lead nowhere:\n${dead.join('\n')}`);
  process.exitCode = 1;
} else console.log(`The site is in ${dist}; every link leads somewhere.`);
