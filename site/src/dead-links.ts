// The links of the built site: each leads to a file of it, and each anchor to something in that file.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Every link that leads nowhere, as `page: link`. Links to other sites are not followed. */
export function deadLinks(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const ids = new Map<string, Set<string>>();
  const html = (file: string): string => readFileSync(join(folder, file), 'utf8');

  function idsOf(file: string): Set<string> {
    let found = ids.get(file);
    if (!found) {
      found = new Set([...html(file).matchAll(/ id="([^"]+)"/g)].map(([, id = '']) => id));
      ids.set(file, found);
    }
    return found;
  }

  function isDead(page: string, link: string): boolean {
    const url = new URL(link.replaceAll('&amp;', '&'), `http://site/${page}`);
    if (url.origin !== 'http://site') return false;
    const path = decodeURIComponent(url.pathname);
    const file = fileOf(folder, path);
    if (file === undefined) return true;
    return (
      url.hash !== '' && file.endsWith('.html') && !idsOf(file).has(decodeURIComponent(url.hash.slice(1)))
    );
  }

  return files
    .filter((file) => file.endsWith('.html'))
    .flatMap((page) =>
      [...html(page).matchAll(/<a [^>]*?href="([^"]+)"/g)]
        .map(([, link = '']) => link)
        .filter((link) => isDead(page, link))
        .map((link) => `${page}: ${link}`),
    );
}

/** The file that a server has for a path. */
function fileOf(folder: string, path: string): string | undefined {
  const file = path.endsWith('/') ? `${path}index.html` : path;
  return [file, `${file}.html`]
    .map((name) => relative('/', name))
    .find((name) => existsSync(join(folder, name)) && /\.\w+$/.test(name));
}
