// What a Markdown page refers to: links, anchors, scripts, paths, commands.

/** A fenced block: its language, its text, and the line before it. */
export interface Block {
  language: string;
  text: string;
  /** The HTML comment right before it, which says what the tests do with it. */
  mark: string | undefined;
}

const fence = /^(?:<!-- (.+?) -->\n\n?)?```(\w*)\n([^]*?)^```$/gm;

/** The fenced blocks of a page. */
export function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(fence)].map(([, mark, language = '', text = '']) => ({
    language,
    text,
    mark,
  }));
}

/** The targets of a page's links and images, as they are written there. */
export function linksOf(markdown: string): string[] {
  const prose = markdown.replaceAll(fence, '').replaceAll(/`[^`\n]*`/g, 'code');
  return [...prose.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = '']) => target);
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf(markdown: string): string[] {
  const seen = new Map<string, number>();
  return [...markdown.replaceAll(fence, '').matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => {
    const anchor = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
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
  const words = [...markdown.replaceAll(fence, '').matchAll(/`([\w.-]+\/[\w./-]*)`/g)].map(
    ([, word = '']) => word,
  );
  return words.filter((word) => folders.includes(word.split('/')[0] ?? ''));
}
