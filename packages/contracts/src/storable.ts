// What cannot pass through JSON, Kafka Connect and BSON unchanged, so that nobody accepts it.

/** The deepest nesting of objects and arrays that is carried. */
export const maxNesting = 32;

/** The most values, nested ones counted, that one event carries as its client sends it. */
export const maxValues = 1_000;

/** The most values of a raw record: the edge adds fields of its own, with sixteen values at most. */
export const maxRawValues: number = maxValues + 16;

/** One value that cannot be stored as it is, and why. */
export interface Unstorable {
  /** The dotted path to it. */
  path: string;
  message: string;
  /** Nothing but its depth is wrong with it. */
  tooDeep?: true;
}

const refusedNames = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Finds the first thing in a parsed JSON value that could not be stored as it was sent: integers that
 * JSON.parse has rounded (beyond 2^53) and the sink would wrap, numbers beyond a double, text that is not
 * Unicode (MongoDB would store it, and its drivers then refuse to read the document), field names that
 * MongoDB or JavaScript gives a meaning, too much nesting. Dots in names are fine. Too many values are
 * refused as well. Does not recurse, so depth cannot exhaust the stack.
 *
 * @example findUnstorable({ a: { $set: 1 } }) // { path: 'a.$set', message: 'field names must not start with $' }
 */
export function findUnstorable(root: unknown, most: number = maxValues): Unstorable | undefined {
  const open: { value: unknown; path: string; depth: number }[] = [{ value: root, path: '', depth: 0 }];
  let values = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, path, depth } = next;
    if (++values + open.length > most) return tooMany(most);
    if (typeof value === 'object' && value !== null) {
      if (depth >= maxNesting)
        return { path, message: `must not nest deeper than ${maxNesting}`, tooDeep: true };
      // Looked at before it is listed: listing what a large one holds takes longer than all else.
      if (Array.isArray(value) && value.length + values > most) return tooMany(most);
      for (const [name, child] of Object.entries(value)) {
        const childPath = path === '' ? name : `${path}.${name}`;
        const problem = Array.isArray(value) ? undefined : nameProblem(name);
        if (problem !== undefined) return { path: childPath, message: problem };
        open.push({ value: child, path: childPath, depth: depth + 1 });
      }
    } else {
      const problem = scalarProblem(value);
      if (problem !== undefined) return { path, message: problem };
    }
  }
  return undefined;
}

function tooMany(most: number): Unstorable {
  return { path: '', message: `must not hold more than ${most} values` };
}

function nameProblem(name: string): string | undefined {
  if (name.startsWith('$')) return 'field names must not start with $';
  if (name.includes('\0')) return 'field names must not contain NUL';
  if (refusedNames.has(name)) return `the field name ${name} is not accepted`;
  if (!name.isWellFormed()) return 'field names must be well-formed Unicode';
  return undefined;
}

function scalarProblem(value: unknown): string | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : 'must be well-formed Unicode';
  if (typeof value !== 'number') return undefined;
  if (!Number.isFinite(value)) return 'must be a number that fits into 64 bits';
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return 'must be an integer between -(2^53 - 1) and 2^53 - 1: send larger ones as text';
  }
  return undefined;
}

/**
 * Whether {@link findUnstorable} finds nothing, in a fraction of its time:
 * for values that are expected to be fine.
 * @example if (!isStorable(value)) report(findUnstorable(value));
 */
export function isStorable(root: unknown, most: number = maxValues): boolean {
  return countStorable(root, 0, 0, most) >= 0;
}

/**
 * The values counted so far with those of this one, or -1. It recurses,
 * but never deeper than the nesting allowed.
 */
function countStorable(value: unknown, depth: number, before: number, most: number): number {
  let count = before + 1;
  if (count > most) return -1;
  if (typeof value === 'string') return value.isWellFormed() ? count : -1;
  if (typeof value !== 'object' || value === null) return scalarProblem(value) === undefined ? count : -1;
  if (depth >= maxNesting) return -1;
  if (Array.isArray(value)) {
    for (const child of value) {
      count = countStorable(child, depth + 1, count, most);
      if (count < 0) return -1;
    }
    return count;
  }
  for (const name in value) {
    if (!Object.hasOwn(value, name)) continue;
    if (!isGoodName(name)) return -1;
    count = countStorable((value as Record<string, unknown>)[name], depth + 1, count, most);
    if (count < 0) return -1;
  }
  return count;
}

/** Names repeat from event to event; long ones do not, and would fill the memory. */
const goodNames = new Set<string>();
const longestKnownName = 64;

function isGoodName(name: string): boolean {
  if (goodNames.has(name)) return true;
  if (nameProblem(name) !== undefined) return false;
  if (name.length > longestKnownName) return true;
  if (goodNames.size >= 10_000) goodNames.clear();
  goodNames.add(name);
  return true;
}
