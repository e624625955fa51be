// llms.txt: the pages as plain Markdown, for programs that read.
import type { SitePage } from './pages.ts';

const summary =
  '> Kafka Streams for TypeScript: exactly-once stream processing on Node, with joins, windows, state and a test driver.';

/** llms.txt: what the site has, with links to the Markdown of each page. */
export function llmsIndex(pages: readonly SitePage[]): string {
  const lines = pages.map(({ path, title, description }) => `- [${title}](/${path}): ${description}`);
  return [
    '# @activity/streams',
    '',
    summary,
    '',
    '## Pages',
    '',
    ...lines,
    `- [API reference](/api/index.md): every export, made of its docstrings`,
    '',
  ].join('\n');
}

/** llms-full.txt: all pages in one text. */
export function llmsFull(pages: readonly { page: SitePage; markdown: string }[]): string {
  const texts = pages.map(({ page, markdown }) => `<!-- /${page.path} -->\n\n${markdown.trim()}`);
  return ['# @activity/streams', summary, ...texts, ''].join('\n\n');
}
