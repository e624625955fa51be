// Committed state in memory: lost with the process, restored from the changelog.
import { compareKeys } from '../api/compare-keys.ts';
import { KeyPrefixes } from './key-prefixes.ts';
import type { OpenStateOptions } from './state-backend.ts';
import {
  includes,
  isWrite,
  type CommittedState,
  type KeyRange,
  type StateChange,
  type Stored,
} from './committed-state.ts';

/** A {@link CommittedState} of maps. */
export class MemoryState implements CommittedState {
  readonly unflushed = 0;
  readonly unflushedBytes = 0;
  readonly flushedAt = undefined;
  position = 0;
  readonly #segments = new Map<number, Map<string, Stored>>();
  readonly #prefixes: KeyPrefixes | undefined;
  #bytes = 0;

  /** See {@link OpenStateOptions.prefixLength}. */
  constructor({ prefixLength }: Pick<OpenStateOptions, 'prefixLength'> = {}) {
    this.#prefixes = prefixLength && new KeyPrefixes(prefixLength);
  }

  get(segment: number, key: string): Stored | undefined {
    return this.#segments.get(segment)?.get(key);
  }

  apply(changes: Iterable<StateChange>, position: number): void {
    for (const change of changes) {
      const { segment, key } = change;
      let entries = this.#segments.get(segment);
      const old = entries?.get(key);
      if (old) this.#bytes -= key.length + old.data.length;
      if (isWrite(change)) {
        this.#bytes += key.length + change.data.length;
        if (!entries) this.#segments.set(segment, (entries = new Map()));
        if (!old) this.#prefixes?.add(segment, key);
        entries.set(key, change);
      } else {
        if (entries?.delete(key) === true) this.#prefixes?.delete(segment, key);
      }
    }
    this.position = position;
  }

  entries(segment: number, range: KeyRange = {}): Iterable<readonly [string, Stored]> {
    const entries = this.#segments.get(segment);
    if (!entries) return [];
    const candidates =
      this.#prefixes && range.prefix !== undefined
        ? this.#prefixes.entries(segment, range.prefix, entries)
        : entries;
    return [...candidates].filter(([key]) => includes(range, key)).toSorted(([a], [b]) => compareKeys(a, b));
  }

  segments(): number[] {
    return [...this.#segments.keys()].toSorted((a, b) => a - b);
  }

  dropSegmentsBefore(segment: number): void {
    for (const [id, entries] of this.#segments) {
      if (id >= segment) continue;
      for (const [key, { data }] of entries) this.#bytes -= key.length + data.length;
      this.#segments.delete(id);
      this.#prefixes?.drop(id);
    }
  }

  size(): number {
    let size = 0;
    for (const entries of this.#segments.values()) size += entries.size;
    return size;
  }

  bytes(): number {
    return this.#bytes;
  }

  async flush(): Promise<void> {}

  async clear(): Promise<void> {
    this.#segments.clear();
    this.#prefixes?.clear();
    this.#bytes = 0;
    this.position = 0;
  }

  async close(): Promise<void> {}
}
