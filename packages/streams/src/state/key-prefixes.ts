// An index of keys by what they begin with: the entries of one prefix are found without a look at all others.

/** See the top of this file. */
export class KeyPrefixes {
  readonly #prefixLength: (key: string) => number;
  readonly #segments = new Map<number, Map<string, Set<string>>>();

  /** `prefixLength` returns how many characters of a key are its prefix. */
  constructor(prefixLength: (key: string) => number) {
    this.#prefixLength = prefixLength;
  }

  /** Adds a key. */
  add(segment: number, key: string): void {
    let prefixes = this.#segments.get(segment);
    if (!prefixes) this.#segments.set(segment, (prefixes = new Map()));
    const prefix = key.slice(0, this.#prefixLength(key));
    const keys = prefixes.get(prefix);
    if (keys) keys.add(key);
    else prefixes.set(prefix, new Set([key]));
  }

  /** Removes a key. One that stays, though the table has it no more, is passed over. */
  delete(segment: number, key: string): void {
    const prefixes = this.#segments.get(segment);
    const prefix = key.slice(0, this.#prefixLength(key));
    const keys = prefixes?.get(prefix);
    if (keys?.delete(key) === true && keys.size === 0) prefixes?.delete(prefix);
  }

  /** The entries of a table whose keys have this prefix, and perhaps others. */
  *entries<T>(segment: number, prefix: string, table: ReadonlyMap<string, T>): Generator<[string, T]> {
    // Some of a prefix may be that of several.
    if (this.#prefixLength(prefix) !== prefix.length) {
      yield* table;
      return;
    }
    for (const key of this.#segments.get(segment)?.get(prefix) ?? []) {
      const entry = table.get(key);
      if (entry !== undefined) yield [key, entry];
    }
  }

  drop(segment: number): void {
    this.#segments.delete(segment);
  }

  clear(): void {
    this.#segments.clear();
  }
}
