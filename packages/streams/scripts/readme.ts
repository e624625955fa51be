// The parts of the README that are made from files: the example and the table of settings.

/** Where the parts come from. */
export interface ReadmeSources {
  /** The example's file. */
  example: string;
  /** The table of settings. */
  options: string;
}

/** The README with its parts as the files have them now. @throws Error where a part's place is missing. */
export function readmeWith(readme: string, { example, options }: ReadmeSources): string {
  const withExample = replaced(readme, 'example', `\`\`\`ts\n${example.trimEnd()}\n\`\`\``);
  return replaced(withExample, 'options', options);
}

function replaced(readme: string, part: string, content: string): string {
  const [begin, end] = [`<!-- ${part} -->\n`, `\n<!-- /${part} -->`];
  const from = readme.indexOf(begin);
  const to = readme.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`the README has no place for ${part}: ${begin.trim()}`);
  return `${readme.slice(0, from + begin.length)}\n${content}\n${readme.slice(to)}`;
}
