// The worked examples of docs/extending.md: the edits that its blocks show, and how they are made.
import { blocksOf } from './markdown.ts';

/** A change of one file: in each place, `old` becomes `now`. */
export interface Edit {
  path: string;
  places: { old: string; now: string }[];
}

/** What a page shows. */
export interface Examples {
  edits: Edit[];
  newFiles: { path: string; text: string }[];
  /** Shell blocks that are to be run. */
  commands: string[];
  /** Blocks of environment variables. */
  settings: Record<string, string>[];
}

/** Reads a page. @throws Error where a block is none of these. */
export function examplesOf(markdown: string): Examples {
  const found: Examples = { edits: [], newFiles: [], commands: [], settings: [] };
  for (const { language, text, mark } of blocksOf(markdown)) {
    if (language === 'diff') found.edits.push(editOf(text));
    else if (language === 'ts') found.newFiles.push({ path: pathOf(text), text });
    else if (mark === 'run') found.commands.push(text);
    else if (mark === 'settings') found.settings.push(settingsOf(text));
    else throw new Error(`a block is neither a change nor a file, and is not run:\n${text}`);
  }
  return found;
}

/** The path of a new file, with which its first line begins. */
function pathOf(text: string): string {
  const path = /^\/\/ ([\w./-]+\/[\w.-]+\.ts): /.exec(text)?.[1];
  if (path === undefined) throw new Error(`a file does not begin with its path:\n${text}`);
  return path;
}

function editOf(text: string): Edit {
  const [from = '', to = '', ...lines] = text.trimEnd().split('\n');
  const path = to.slice('+++ '.length);
  if (from !== `--- ${path}` || to !== `+++ ${path}`)
    throw new Error(`a change does not begin with its path, twice:\n${text}`);
  const places = lines
    .join('\n')
    .split('\n@@\n')
    .map((place) => ({ old: side(place, '-'), now: side(place, '+') }));
  return { path, places };
}

/** The lines of one side of a place: those of both sides, and its own. */
function side(place: string, own: '-' | '+'): string {
  const lines = place.split('\n').filter((line) => line.startsWith(own) || line.startsWith(' '));
  return lines.map((line) => `${line.slice(1)}\n`).join('');
}

function settingsOf(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

/** The text after an edit. @throws Error where a place is not in the text exactly once. */
export function edited(text: string, { path, places }: Edit): string {
  return places.reduce((changed, { old, now }) => {
    const parts = changed.split(old);
    if (parts.length !== 2)
      throw new Error(`${path} has these lines ${parts.length - 1} times, not once:\n${old}`);
    return parts.join(now);
  }, text);
}
