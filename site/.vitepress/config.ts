// What VitePress builds: the pages that src/main.ts has written.
import { join } from 'node:path';
import { defineConfig } from 'vitepress';
import { pagesOf } from '../src/pages.ts';

const root = join(import.meta.dirname, '..', '..');
const out = join(root, '.cache', 'site');
const links = pagesOf(root).map(({ title, path }) => ({
  text: title,
  link: `/${path.replace(/(index)?\.md$/, '')}`,
}));
const isChapter = ({ link }: { link: string }): boolean => link.startsWith('/tutorial/');

export default defineConfig({
  title: 'Streams',
  description: 'Kafka Streams for TypeScript',
  srcDir: join(out, 'content'),
  outDir: join(out, 'dist'),
  cacheDir: join(out, 'cache'),
  themeConfig: {
    search: { provider: 'local' },
    outline: 'deep',
    sidebar: [
      ...links.filter((link) => !isChapter(link)),
      { text: 'API reference', link: '/api/' },
      { text: 'Tutorial', collapsed: false, items: links.filter(isChapter) },
    ],
  },
});
