// A page of the site, made of a page or a chapter of the project.
import { join, relative } from 'node:path/posix';
import type { SitePage } from './pages.ts';

/** What links are made of. */
export interface RenderOptions {
  pages: readonly SitePage[];
  /** The repository's address; empty while there is none. */
  repository: string;
}

/** The Markdown of a page. Links to other pages stay on the site, others lead to the repository. */
export function render(page: SitePage, text: string, { pages, repository }: RenderOptions): string {
  if (page.source.endsWith('.ts')) return chapter(text);
  return text.replaceAll(
    /\[([^\]\n]+)\]\((?!#|[a-z]+:)([^)#\s]+)(#[^)\s]*)?\)/g,
    (_link, words: string, target: string, anchor = '') => {
      const source = join(page.source, '..', target);
      const there = pages.find((other) => other.source === source);
      if (there) return `[${words}](${linkTo(page.path, there.path)}${anchor})`;
      return repository === '' ? words : `[${words}](${repository}/blob/main/${source}${anchor})`;
    },
  );
}

function linkTo(from: string, to: string): string {
  const path = relative(join(from, '..'), to);
  return path.startsWith('.') ? path : `./${path}`;
}

/** A chapter: the comment that it begins with is prose, and the rest is code. */
function chapter(text: string): string {
  const lines = text.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('//'));
  const [title = '', ...prose] = lines.slice(0, end).map((line) => line.replace(/^\/\/ ?/, ''));
  return [`# ${title}`, ...prose, '', '```ts', lines.slice(end).join('\n').trim(), '```', ''].join('\n');
}
