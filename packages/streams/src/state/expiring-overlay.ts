// The overlay of an expiring store: what open transactions have put, above the committed state.
//
//   put ─▶ current ──seal (the commit begins)──▶ sealed ──committed──▶ CommittedState
//             └────────────── abort: all is forgotten ──────────────┘
//
// Most of what is put is never asked for again, so that nothing is kept decoded: one object for each entry, from here to the disk.
import type { RecordBatches } from '../kafka/record-batches.ts';
import type { Serialized } from '../serde.ts';
import { isWrite, type CommittedState, type StateChange, type Stored } from './committed-state.ts';
import { checkKey } from './key-text.ts';
import { owned } from './stored-data.ts';
import type { CommitLayers } from './task-store.ts';

/** Reads and writes of one expiring store in one task, transactional by layers. */
export class ExpiringOverlay implements CommitLayers {
  readonly #committed: CommittedState;
  readonly #changelogKey: (key: string) => Serialized;
  #current = new Map<string, StateChange>();
  #sealed = new Map<string, StateChange>();
  /** Deletions of what lies in an older segment than the current entry of its key. */
  #older: StateChange[] = [];
  #sealedOlder: StateChange[] = [];

  constructor(committed: CommittedState, changelogKey: (key: string) => Serialized) {
    this.#committed = committed;
    this.#changelogKey = changelogKey;
  }

  /** What was last put under a key, in any of these segments. */
  get(first: number, last: number, key: string): Stored | undefined {
    let since = first;
    while (since <= last && !this.#committed.mayHave(since, key)) since++;
    if (since > last) return undefined;
    const written = this.#current.get(key) ?? this.#sealed.get(key);
    if (written) return isWrite(written) ? written : undefined;
    for (let segment = last; segment >= since; segment--) {
      const found = this.#committed.get(segment, key);
      if (found) return found;
    }
    return undefined;
  }

  /** Puts a value. @throws RangeError for a key that no store takes. */
  put(segment: number, key: string, data: Serialized, timestamp: number): void {
    checkKey(key);
    this.#committed.announce(segment, key);
    this.#current.set(key, { segment, key, data: owned(data), timestamp });
  }

  /** Deletes what a segment has of a key. */
  delete(segment: number, key: string, timestamp: number): void {
    const change = { segment, key, data: undefined, timestamp };
    const newest = this.#current.get(key);
    if (newest && newest.segment > segment) {
      this.#older.push(change);
      return;
    }
    if (newest && newest.segment < segment) this.#older.push(newest);
    this.#current.set(key, change);
  }

  /** The keys of a segment that begin so, and when each was put. */
  keys(segment: number, prefix: string): Map<string, number> {
    const found = new Map<string, number>();
    for (const [key, { timestamp }] of this.#committed.entries(segment, prefix)) found.set(key, timestamp);
    for (const layer of [this.#sealedOlder, this.#sealed.values(), this.#older, this.#current.values()]) {
      for (const change of layer) {
        const { key, timestamp } = change;
        if (change.segment !== segment || !key.startsWith(prefix)) continue;
        if (isWrite(change)) found.set(key, timestamp);
        else found.delete(key);
      }
    }
    return found;
  }

  /** The segments that hold anything, oldest first. */
  segments(): number[] {
    const segments = new Set(this.#committed.segments());
    for (const layer of [this.#sealed, this.#current])
      for (const { segment } of layer.values()) segments.add(segment);
    return [...segments].toSorted((a, b) => a - b);
  }

  seal(records: RecordBatches, changelog: { topic: string; partition: number } | undefined): void {
    this.#sealed = this.#current;
    this.#sealedOlder = this.#older;
    this.#current = new Map();
    this.#older = [];
    if (!changelog || this.#sealed.size === 0) return;
    const batches = records.partition(changelog.topic, changelog.partition);
    for (const layer of [this.#sealedOlder, this.#sealed.values()]) {
      for (const { key, data = null, timestamp } of layer) {
        records.bytes += batches.append(timestamp, this.#changelogKey(key), data, []);
        records.count++;
      }
    }
  }

  commit(position: number): void {
    const older = this.#sealedOlder;
    const sealed = this.#sealed.values();
    this.#committed.apply(older.length === 0 ? sealed : [...older, ...sealed], position);
    this.#sealed = new Map();
    this.#sealedOlder = [];
  }

  abort(): void {
    this.#current = new Map();
    this.#sealed = new Map();
    this.#older = [];
    this.#sealedOlder = [];
  }
}
