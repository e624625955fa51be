// The public API as its source files declare it: every export, every method, and whether a docstring stands
// above it.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Something public. */
export interface PublicItem {
  /** `KStream`, or `KStream.filter`. */
  name: string;
  documented: boolean;
}

const exportLine = /export (?:type )?\{([^}]*)\} from '([^']+)'/g;

/** Everything that an entry exports by name. */
export function publicItems(entry: string): PublicItem[] {
  return exportsOf(entry).flatMap(({ names, file }) => names.flatMap((name) => declared(file, name)));
}

function exportsOf(file: string): { names: string[]; file: string }[] {
  return [...readFileSync(file, 'utf8').matchAll(exportLine)].map(([, names = '', path = '']) => ({
    names: names
      .split(',')
      .map((name) => name.trim().replace(/^type /, ''))
      .filter(Boolean),
    file: path.startsWith('.') ? join(dirname(file), path) : fileURLToPath(import.meta.resolve(path)),
  }));
}

function declared(file: string, name: string): PublicItem[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  const rule = new RegExp(`^export (?:abstract |async )?(?:class|interface|function|const|type) ${name}\\b`);
  const at = lines.findIndex((line) => rule.test(line));
  if (at >= 0) return [{ name, documented: isDocumented(lines, at) }, ...methods(lines, name, at)];
  const passedOn = exportsOf(file).find(({ names }) => names.includes(name));
  if (!passedOn) throw new Error(`${name} is exported, but its declaration was not found`);
  return declared(passedOn.file, name);
}

/** The methods of a class or interface: lines one level in that begin a name and take arguments. */
function methods(lines: readonly string[], owner: string, at: number): PublicItem[] {
  if (!/ (?:class|interface) /.test(lines[at] ?? '')) return [];
  const end = lines.findIndex((line, i) => i >= at && /^\}|\{\}$/.test(line));
  const found: PublicItem[] = [];
  for (let i = at + 1; i < end; i++) {
    const name = /^ {2}(?:get |\*)?([a-zA-Z]\w*)\??[(<]/.exec(lines[i] ?? '')?.[1];
    if (name === undefined || name === 'constructor') continue;
    // Behind the last of several signatures: no caller sees it.
    if (found.at(-1)?.name === `${owner}.${name}` && lines[i - 1]?.endsWith(';') === true) continue;
    found.push({ name: `${owner}.${name}`, documented: isDocumented(lines, i) });
  }
  return found;
}

function isDocumented(lines: readonly string[], at: number): boolean {
  return lines[at - 1]?.trimEnd().endsWith('*/') ?? false;
}
