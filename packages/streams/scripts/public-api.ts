// The public API as its source files declare it: every export, every method, and whether a docstring stands above it.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Something public. */
export interface PublicItem {
  /** `KStream`, or `KStream.filter`. */
  name: string;
  documented: boolean;
}

const exportLine = /export (?:type )?\{([^}]*)\} from '(\.[^']+)'/g;

/** Everything that an entry exports by name. */
export function publicItems(entry: string): PublicItem[] {
  const text = readFileSync(entry, 'utf8');
  return [...text.matchAll(exportLine)].flatMap(([, names = '', path = '']) => {
    const lines = readFileSync(join(dirname(entry), path), 'utf8').split('\n');
    const wanted = names.split(',').map((name) => name.trim());
    return wanted.filter(Boolean).flatMap((name) => declared(lines, name));
  });
}

function declared(lines: readonly string[], name: string): PublicItem[] {
  const rule = new RegExp(`^export (?:abstract |async )?(?:class|interface|function|const|type) ${name}\\b`);
  const at = lines.findIndex((line) => rule.test(line));
  if (at < 0) throw new Error(`${name} is exported, but its declaration was not found`);
  return [{ name, documented: isDocumented(lines, at) }, ...methods(lines, name, at)];
}

/** The methods of a class or interface: lines one level in that begin a name and take arguments. */
function methods(lines: readonly string[], owner: string, at: number): PublicItem[] {
  if (!/ (?:class|interface) /.test(lines[at] ?? '')) return [];
  const end = lines.findIndex((line, i) => i >= at && /^\}|\{\}$/.test(line));
  const found: PublicItem[] = [];
  for (let i = at + 1; i < end; i++) {
    const name = /^ {2}(?:get |\*)?([a-zA-Z]\w*)\??[(<]/.exec(lines[i] ?? '')?.[1];
    if (name === undefined || name === 'constructor') continue;
    found.push({ name: `${owner}.${name}`, documented: isDocumented(lines, i) });
  }
  return found;
}

function isDocumented(lines: readonly string[], at: number): boolean {
  return lines[at - 1]?.trimEnd().endsWith('*/') ?? false;
}
