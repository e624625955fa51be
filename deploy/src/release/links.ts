// The links of a package's pages: those that lead out of the package get the repository's address.
import { join, relative } from 'node:path/posix';

/** Where a page is, and where its links may lead. */
export interface PageOptions {
  /** The page's path from the root of the project: `packages/streams/README.md`. */
  page: string;
  /** The folder of its package: `packages/streams`. */
  folder: string;
  /** The repository's address; empty while there is none. */
  repository: string;
  /** The tag of the release, at which the repository has the files that are linked to. */
  tag: string;
}

/** A page with absolute links out of its package; as plain text while the repository has no address. */
export function absoluteLinks(markdown: string, { page, folder, repository, tag }: PageOptions): string {
  return markdown.replaceAll(
    /\[([^\]\n]+)\]\((?!#|[a-z]+:)([^)#\s]+)(#[^)\s]*)?\)/g,
    (link, text: string, target: string, anchor = '') => {
      const path = join(page, '..', target);
      if (!relative(folder, path).startsWith('..')) return link;
      return repository === '' ? text : `[${text}](${repository}/blob/${tag}/${path}${anchor})`;
    },
  );
}
