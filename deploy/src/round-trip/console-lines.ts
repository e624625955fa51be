// The commands of a Markdown page's console blocks, each with the answer that the page shows.

/** One command as someone would paste it. */
export interface ConsoleLine {
  command: string;
  /** What the page says it prints. */
  answer: string;
}

/** Reads every ```console block: lines after `$ ` are commands, which go on while they end in a backslash. */
export function consoleLines(markdown: string): ConsoleLine[] {
  const found: ConsoleLine[] = [];
  for (const [, block = ''] of markdown.matchAll(/```console\n([^]*?)```/g)) {
    let last: ConsoleLine | undefined;
    let goesOn = false;
    for (const line of block.split('\n')) {
      if (line.startsWith('$ ')) found.push((last = { command: line.slice(2), answer: '' }));
      else if (last !== undefined && goesOn) last.command += `\n${line}`;
      else if (last !== undefined) last.answer += line;
      goesOn = last !== undefined && (line.startsWith('$ ') || goesOn) && line.endsWith('\\');
    }
  }
  return found;
}

/** What an answer lacks of the one that is shown, by path; values may differ, their kind may not. Empty where nothing lacks. */
export function lacking(shown: unknown, answer: unknown, path = 'answer'): string[] {
  if (typeof shown !== 'object' || shown === null) {
    return typeof shown === typeof answer ? [] : [`${path} is ${JSON.stringify(answer)}`];
  }
  if (typeof answer !== 'object' || answer === null) return [`${path} is ${JSON.stringify(answer)}`];
  const entries = new Map(Object.entries(answer));
  return Object.entries(shown).flatMap(([key, value]) =>
    entries.has(key) ? lacking(value, entries.get(key), `${path}.${key}`) : [`${path}.${key} is missing`],
  );
}
