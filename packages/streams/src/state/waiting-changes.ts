// Committed changes of one store that wait in memory for the disk.
import type { Table } from './added-entries.ts';
import { isWrite, type StateChange, type Stored } from './committed-state.ts';
import { KeyPrefixes } from './key-prefixes.ts';

/** How a store's changes wait. */
export interface WaitingOptions {
  /**
   * Whether they are kept in a list as long as nobody looks up a key: for stores that write each key once,
   * and are hardly ever read.
   */
  isList: boolean;
  prefixLength: ((key: string) => number) | undefined;
}

/** The changes of one segment. */
class WaitingSegment {
  /** How many changes there were, of one key too. */
  changes = 0;
  bytes = 0;
  readonly #list: StateChange[] | undefined;
  #entries: Map<string, Stored | null> | undefined;

  constructor(isList: boolean) {
    if (isList) this.#list = [];
    else this.#entries = new Map();
  }

  /** The newest change of each key; null: a deletion. */
  get entries(): Map<string, Stored | null> {
    if (this.#entries) return this.#entries;
    const entries = new Map<string, Stored | null>();
    for (const change of this.#list ?? []) entries.set(change.key, isWrite(change) ? change : null);
    return (this.#entries = entries);
  }

  /** Returns false where the key had a change already. Where that is not known, true. */
  add(change: StateChange): boolean {
    this.changes++;
    this.#list?.push(change);
    const entries = this.#entries;
    const bytes = change.data?.length ?? 0;
    if (!entries) {
      this.bytes += bytes;
      return true;
    }
    const { key } = change;
    const old = entries.get(key);
    entries.set(key, isWrite(change) ? change : null);
    this.bytes += this.#list ? bytes : bytes - (old?.data.length ?? 0);
    return old === undefined;
  }

  /** Every change in its order; of a key that was changed again perhaps the newest alone. */
  each(take: (key: string, stored: Stored | null) => void): void {
    if (this.#list) for (const change of this.#list) take(change.key, isWrite(change) ? change : null);
    else for (const [key, stored] of this.entries) take(key, stored);
  }
}

/** See the top of this file. */
export class WaitingChanges {
  readonly #options: WaitingOptions;
  readonly #segments = new Map<number, WaitingSegment>();
  /** Where keys are found by their prefix: made when somebody looks for one. */
  #prefixes: KeyPrefixes | undefined;
  #changes = 0;
  #bytes = 0;

  constructor(options: WaitingOptions) {
    this.#options = options;
  }

  /** How many changes wait. Those of segments that were dropped do not. */
  get changes(): number {
    return this.#changes;
  }

  /** About how many bytes their values have. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#segments.size === 0;
  }

  /** The segments that have any. */
  segments(): Iterable<number> {
    return this.#segments.keys();
  }

  /** The newest change of each key, by segment. */
  get table(): Table {
    return new Map([...this.#segments].map(([number, { entries }]) => [number, entries]));
  }

  /** What a key was changed to; null: it was deleted; undefined: nothing waits. */
  get(segment: number, key: string): Stored | null | undefined {
    return this.#segments.get(segment)?.entries.get(key);
  }

  /**
   * Adds changes; `onKey` is called with each key that is new here, and perhaps with others.
   */
  add(changes: Iterable<StateChange>, onKey?: (segment: number, key: string) => void): void {
    let waiting: WaitingSegment | undefined;
    let current = Number.NaN;
    let [bytesBefore, changesBefore] = [0, 0];
    const count = (): void => {
      if (!waiting) return;
      this.#bytes += waiting.bytes - bytesBefore;
      this.#changes += waiting.changes - changesBefore;
    };
    for (const change of changes) {
      const { segment } = change;
      if (!waiting || segment !== current) {
        count();
        waiting = this.#segment(segment);
        ({ bytes: bytesBefore, changes: changesBefore } = waiting);
        current = segment;
      }
      if (!waiting.add(change)) continue;
      onKey?.(segment, change.key);
      this.#prefixes?.add(segment, change.key);
    }
    count();
  }

  /** The newest change of each key of a segment; where a prefix is given, perhaps of those alone. */
  entries(segment: number, prefix: string | undefined): Iterable<readonly [string, Stored | null]> {
    const entries = this.#segments.get(segment)?.entries;
    if (!entries) return [];
    const { prefixLength } = this.#options;
    if (prefix === undefined || !prefixLength) return entries;
    this.#prefixes ??= this.#index(prefixLength);
    return this.#prefixes.entries(segment, prefix, entries);
  }

  /** Every change, in the order of a segment's. */
  each(take: (segment: number, key: string, stored: Stored | null) => void): void {
    for (const [number, waiting] of this.#segments) waiting.each((key, stored) => take(number, key, stored));
  }

  /** Drops the segments before this one: their changes wait for nothing any more. */
  dropBefore(segment: number): void {
    for (const [number, { bytes, changes }] of this.#segments) {
      if (number >= segment) continue;
      this.#segments.delete(number);
      this.#prefixes?.drop(number);
      this.#bytes -= bytes;
      this.#changes -= changes;
    }
  }

  #segment(number: number): WaitingSegment {
    let segment = this.#segments.get(number);
    if (!segment) this.#segments.set(number, (segment = new WaitingSegment(this.#options.isList)));
    return segment;
  }

  #index(prefixLength: (key: string) => number): KeyPrefixes {
    const prefixes = new KeyPrefixes(prefixLength);
    for (const [segment, { entries }] of this.#segments)
      for (const key of entries.keys()) prefixes.add(segment, key);
    return prefixes;
  }
}
