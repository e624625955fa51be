// What a Markdown page refers to: links, anchors, scripts, paths, commands.
import GithubSlugger from 'github-slugger';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { toString } from 'mdast-util-to-string';

/** A fenced block: its language, its text, and the line before it. */
export interface Block {
  language: string;
  text: string;
  /** The HTML comment right before it, which says what the tests do with it. */
  mark: string | undefined;
}

type Node = ReturnType<typeof fromMarkdown>['children'][number];

/** Every node of a page in order, each with the node before it. */
function nodesOf(markdown: string): { node: Node; before: Node | undefined }[] {
  const inside = (children: readonly Node[]): { node: Node; before: Node | undefined }[] =>
    children.flatMap((node, index) => [
      { node, before: children[index - 1] },
      ...('children' in node ? inside(node.children) : []),
    ]);
  return inside(fromMarkdown(markdown).children);
}

/** The fenced blocks of a page. */
export function blocksOf(markdown: string): Block[] {
  return nodesOf(markdown).flatMap(({ node, before }) => {
    if (node.type !== 'code') return [];
    const comment = before?.type === 'html' ? /^<!-- (.+?) -->$/.exec(before.value) : undefined;
    return [{ language: node.lang ?? '', text: `${node.value}\n`, mark: comment?.[1] }];
  });
}

/** The targets of a page's links and images. */
export function linksOf(markdown: string): string[] {
  return nodesOf(markdown).flatMap(({ node }) => ('url' in node ? [node.url] : []));
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf(markdown: string): string[] {
  const slugger = new GithubSlugger();
  return nodesOf(markdown).flatMap(({ node }) =>
    node.type === 'heading' ? [slugger.slug(toString(node))] : [],
  );
}

/** A script that a page says to run, and the workspace that it names. */
export interface ScriptCall {
  script: string;
  workspace: string | undefined;
}

/** Every `npm run …` of a page. */
export function scriptsOf(markdown: string): ScriptCall[] {
  return [...markdown.matchAll(/npm run ([\w:-]+)(?: -w ([\w@/-]+))?/g)].map(
    ([, script = '', workspace]) => ({ script, workspace }),
  );
}

/**
 * What a page calls by a path in backticks, where the path begins with one of these folders. Patterns and
 * placeholders are none.
 */
export function pathsOf(markdown: string, folders: readonly string[]): string[] {
  return nodesOf(markdown)
    .flatMap(({ node }) => (node.type === 'inlineCode' ? [node.value.replaceAll('`', '')] : []))
    .filter((word) => /^[\w.-]+\/[\w./-]*$/.test(word) && folders.includes(word.split('/')[0] ?? ''));
}
