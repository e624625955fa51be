// Merges recent writes in memory with what is stored below them, in the order of keys.
import { compareKeys } from '../api/compare-keys.ts';

/**
 * What is stored, with `written` over it, ordered by key; `null` in `written` is a deletion.
 * `stored` must be ordered by key. `read` makes a value of what is stored, only where it is returned.
 */
export function* mergeSorted<V extends object, S>(
  written: ReadonlyMap<string, V | null>,
  stored: Iterable<readonly [string, S]>,
  read: (stored: S) => V,
): Generator<readonly [string, V]> {
  const fresh = [...written.keys()].toSorted(compareKeys);
  let next = 0;
  for (const [key, below] of stored) {
    for (; next < fresh.length && compareKeys(fresh[next] as string, key) < 0; next++) {
      const value = written.get(fresh[next] as string);
      if (value) yield [fresh[next] as string, value];
    }
    if (!written.has(key)) yield [key, read(below)];
  }
  for (; next < fresh.length; next++) {
    const value = written.get(fresh[next] as string);
    if (value) yield [fresh[next] as string, value];
  }
}
