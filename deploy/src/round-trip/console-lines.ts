// The commands of a Markdown page's console blocks, each with the answer that the page shows, and whether an
// answer is like it.

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

/** Numbers that depend on what else is in the topics: ids and positions. */
const positions = new Set(['_id', 'log', 'session', 'partition', 'offset', 'commandId', 'by']);
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const uuid = /^[\da-f]{8}-([\da-f]{4}-){3}[\da-f]{12}$/;

function isAlike(shown: unknown, answer: unknown, name: string): boolean {
  if (typeof shown === 'string' && typeof answer === 'string')
    return shown === answer || [time, uuid].some((form) => form.test(shown) && form.test(answer));
  if (typeof shown === 'number' && positions.has(name)) return typeof answer === 'number';
  return shown === answer;
}

/**
 * Where an answer is not the one that is shown, by path; empty where it is. Times, UUIDs, ids and positions
 * need only be some; the answer may have more fields.
 */
export function differences(shown: unknown, answer: unknown, path = 'answer', name = ''): string[] {
  if (typeof shown !== 'object' || shown === null)
    return isAlike(shown, answer, name) ? [] : [`${path} is ${JSON.stringify(answer)}`];
  if (typeof answer !== 'object' || answer === null) return [`${path} is ${JSON.stringify(answer)}`];
  if (Array.isArray(answer) && Array.isArray(shown) && answer.length !== shown.length)
    return [`${path} has ${answer.length} elements, not ${shown.length}`];
  const entries = new Map(Object.entries(answer));
  return Object.entries(shown).flatMap(([key, value]) =>
    entries.has(key)
      ? differences(value, entries.get(key), `${path}.${key}`, key)
      : [`${path}.${key} is missing`],
  );
}
