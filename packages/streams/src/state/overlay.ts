// The overlay: what open transactions have written, above the committed state.
//
//   write ─▶ current ──seal (the commit begins)──▶ sealed ──committed──▶ CommittedState
//               └────────────── abort: both are dropped ──────────────┘
//
// One commit may be in flight while the next batch is worked on, so there are at most two layers.
import type { RecordBatches } from '../kafka/record-batches.ts';
import type { Serialized, Serde } from '../serde.ts';
import type { CommittedState, StateChange, Stored } from './committed-state.ts';
import { checkKey } from './key-text.ts';
import { compareKeys } from './memory-state.ts';

/** A value written since the last commit; `undefined` is a deletion. */
interface Written<V> {
  readonly segment: number;
  value: V | undefined;
  timestamp: number;
  stored: Stored | undefined;
}

/** What an overlay needs to know of the store it serves. */
export interface OverlayOptions<V> {
  valueSerde: Serde<V>;
  committed: CommittedState;
  /** Turns a store key into the changelog's record key. */
  changelogKey: (key: string) => Serialized;
}

/** Reads and writes of one store in one task, transactional by layers. */
export class Overlay<V> {
  readonly #options: OverlayOptions<V>;
  #current = new Map<string, Written<V>>();
  #sealed: Map<string, Written<V>> | undefined;

  constructor(options: OverlayOptions<V>) {
    this.#options = options;
  }

  /** The value of a key and its event time, newest layer first. */
  get(segment: number, key: string): { value: V; timestamp: number } | undefined {
    const written = this.#current.get(key) ?? this.#sealed?.get(key);
    return written ? present(written) : this.#committedValue(segment, key);
  }

  /** The same where the key may lie in any of these segments, the last one first. */
  getFromAny(first: number, last: number, key: string): { value: V; timestamp: number } | undefined {
    const written = this.#current.get(key) ?? this.#sealed?.get(key);
    if (written) return present(written);
    for (let segment = last; segment >= first; segment--) {
      const found = this.#committedValue(segment, key);
      if (found) return found;
    }
    return undefined;
  }

  /** The value as it was when the commit before began: without what was written since. */
  before(segment: number, key: string): V | undefined {
    const sealed = this.#sealed?.get(key);
    return sealed ? sealed.value : this.#committedValue(segment, key)?.value;
  }

  /**
   * Replaces a value by what `next` makes of it, in one look-up; answers the entry, whose event time is the highest of
   * both. The answer is good until the next write of this key.
   */
  update(
    segment: number,
    key: string,
    timestamp: number,
    next: (old: V | undefined) => V,
  ): { readonly value: V; readonly timestamp: number } {
    const written = this.#current.get(key);
    if (written) {
      written.value = next(written.value);
      if (timestamp > written.timestamp) written.timestamp = timestamp;
      return written as { value: V; timestamp: number };
    }
    checkKey(key);
    const sealed = this.#sealed?.get(key);
    const old = sealed ? present(sealed) : this.#committedValue(segment, key);
    const fresh = {
      segment,
      value: next(old?.value),
      timestamp: old && old.timestamp > timestamp ? old.timestamp : timestamp,
      stored: undefined,
    };
    this.#current.set(key, fresh);
    return fresh;
  }

  /** What was written since the last seal, in the order of the first writes. */
  written(): Iterable<readonly [string, Readonly<Written<V>>]> {
    return this.#current;
  }

  /** Writes a value; `undefined` deletes. @throws RangeError for a key that no store takes. */
  set(segment: number, key: string, value: V | undefined, timestamp: number): void {
    checkKey(key);
    this.#current.set(key, { segment, value, timestamp, stored: undefined });
  }

  /** Number of entries written since the last seal. */
  get pending(): number {
    return this.#current.size;
  }

  /** Everything visible in a segment, ordered by key. */
  *entries(segment: number): Generator<readonly [string, { value: V; timestamp: number }]> {
    const written = new Map<string, Written<V>>();
    for (const layer of [this.#sealed, this.#current]) {
      for (const [key, entry] of layer ?? []) if (entry.segment === segment) written.set(key, entry);
    }
    const fresh = [...written].toSorted(([a], [b]) => compareKeys(a, b));
    let next = 0;
    for (const [key, stored] of this.#options.committed.entries(segment)) {
      while (next < fresh.length && compareKeys((fresh[next] as (typeof fresh)[number])[0], key) < 0) {
        const [freshKey, entry] = fresh[next++] as (typeof fresh)[number];
        if (entry.value !== undefined) yield [freshKey, { value: entry.value, timestamp: entry.timestamp }];
      }
      if (!written.has(key)) yield [key, { value: this.#decode(stored), timestamp: stored.timestamp }];
    }
    while (next < fresh.length) {
      const [freshKey, entry] = fresh[next++] as (typeof fresh)[number];
      if (entry.value !== undefined) yield [freshKey, { value: entry.value, timestamp: entry.timestamp }];
    }
  }

  /** The segments that hold anything, oldest first. */
  segments(): number[] {
    const segments = new Set(this.#options.committed.segments());
    for (const layer of [this.#sealed, this.#current]) {
      for (const entry of layer?.values() ?? []) segments.add(entry.segment);
    }
    return [...segments].toSorted((a, b) => a - b);
  }

  /** Begins a commit: writes the changelog records (none without a topic) and sets the layer aside. */
  seal(records: RecordBatches, changelog: { topic: string; partition: number } | undefined): void {
    const { valueSerde, changelogKey } = this.#options;
    const batches =
      changelog && this.#current.size > 0
        ? records.partition(changelog.topic, changelog.partition)
        : undefined;
    for (const [key, written] of this.#current) {
      const { value, timestamp } = written;
      const data = value === undefined ? null : valueSerde.serialize(value);
      if (data !== null) written.stored = { data: owned(data), timestamp };
      if (batches) {
        records.bytes += batches.append(timestamp, changelogKey(key), data, []);
        records.count++;
      }
    }
    this.#sealed = this.#current;
    this.#current = new Map();
  }

  /** The sealed layer was committed: it becomes committed state. */
  commit(position: number): void {
    if (this.#sealed) this.#options.committed.apply(changesOf(this.#sealed), position);
    this.#sealed = undefined;
  }

  /** Drops everything that was not committed. */
  abort(): void {
    this.#current = new Map();
    this.#sealed = undefined;
  }

  #committedValue(segment: number, key: string): { value: V; timestamp: number } | undefined {
    const stored = this.#options.committed.get(segment, key);
    return stored && { value: this.#decode(stored), timestamp: stored.timestamp };
  }

  #decode(stored: Stored): V {
    const { valueSerde } = this.#options;
    if (valueSerde.format === 'text') return valueSerde.deserialize(stored.data as string);
    return valueSerde.deserialize(stored.data as Buffer);
  }
}

function present<V>(written: Written<V>): { value: V; timestamp: number } | undefined {
  return written.value === undefined ? undefined : (written as { value: V; timestamp: number });
}

function* changesOf<V>(layer: Map<string, Written<V>>): Generator<StateChange> {
  for (const [key, { segment, stored }] of layer) yield { segment, key, stored };
}

/** Bytes that are a part of something larger are copied, so that keeping them does not keep all of it. */
function owned(data: Serialized): Serialized {
  return typeof data === 'string' || data.byteLength === data.buffer.byteLength ? data : Buffer.from(data);
}
