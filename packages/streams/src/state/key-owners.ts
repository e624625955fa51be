// An index of windowed keys by what is before their last `@`: one key's entries of a segment are found without
// a look at all others.

/** See the top of this file. */
export class KeyOwners {
  readonly #segments = new Map<number, Map<string, Set<string>>>();

  /** Adds a key. Nothing is removed but with its segment: a key that is gone from the table is passed over. */
  add(segment: number, key: string): void {
    let owners = this.#segments.get(segment);
    if (!owners) this.#segments.set(segment, (owners = new Map()));
    const owner = key.slice(0, key.lastIndexOf('@') + 1);
    const keys = owners.get(owner);
    if (keys) keys.add(key);
    else owners.set(owner, new Set([key]));
  }

  /** The entries of a table whose keys have this owner, the `@` included. */
  *entries<T>(segment: number, owner: string, table: ReadonlyMap<string, T>): Generator<[string, T]> {
    for (const key of this.#segments.get(segment)?.get(owner) ?? []) {
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
