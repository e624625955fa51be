// The overlay: what open transactions have written, above the committed state, and what was committed of late, decoded.
//
//   write ─▶ current ──seal (the commit begins)──▶ sealed ──committed──▶ clean, and in CommittedState
//               └────────────── abort: all is forgotten ──────────────┘
//
// One commit may be in flight while the next batch is worked on. An entry that is written again meanwhile is current; what
// the commit in flight has of it lies in its change.
import type { Serialized, Serde } from '../api/serde.ts';
import type { ChangelogSink } from './changelog-sink.ts';
import type { CommittedState, StateChange, Stored } from './committed-state.ts';
import { checkKey, windowSuffix } from '../api/key-text.ts';
import { compareKeys } from './memory-state.ts';
import { owned, storedValue } from './stored-data.ts';
import type { CommitLayers } from './task-store.ts';

/** Stands for a value that nobody has looked up yet. */
const unread: unique symbol = Symbol('unread');

/** One key as its newest writer left it; a value of `undefined` is a deletion. */
interface Entry<V> {
  readonly key: string;
  /** Where the window begins; {@link noWindow} in stores without windows. */
  readonly window: number;
  /** Both in one, as the committed state and the changelog have it: made once for an entry, whatever is written to it. */
  readonly text: string;
  segment: number;
  value: V | undefined;
  timestamp: number;
  layer: 'current' | 'sealed' | 'clean';
  /** Of a current entry: the value as the last commit began. */
  before: V | undefined | typeof unread;
}

/** The window of entries that have none. */
export const noWindow = -1;

/** What an overlay needs to know of the store it serves. */
export interface OverlayOptions<V> {
  valueSerde: Serde<V>;
  committed: CommittedState;
  /** Turns an entry's text into the changelog's record key. */
  changelogKey: (key: string) => Serialized;
  /** What clean entries are kept within, to be read again without the committed state. */
  cache: CacheBudget;
}

/** How many entries all overlays that share it keep. One that finds it exceeded forgets its clean entries. */
export interface CacheBudget {
  readonly max: number;
  used: number;
}

/**
 * Reads and writes of one store in one task, transactional by layers. Entries are looked up by window and then by key, so
 * that a key's text and its hash serve all its windows.
 */
export class Overlay<V> implements CommitLayers {
  readonly #options: OverlayOptions<V>;
  #windows = new Map<number, Map<string, Entry<V>>>();
  /** How many entries all windows have. */
  #size = 0;
  /** The current entries, in the order of their first writes. */
  #written: Entry<V>[] = [];
  /** The sealed entries, and their changes. */
  #sealed: readonly Entry<V>[] = [];
  #changes: readonly StateChange[] | undefined;
  /** How many entries the budget knows of. */
  #counted = 0;

  constructor(options: OverlayOptions<V>) {
    this.#options = options;
  }

  /** The value of a key and its event time. */
  get(segment: number, window: number, key: string): { value: V; timestamp: number } | undefined {
    const entry = this.#find(window, key);
    if (entry) return exists(entry) ? entry : undefined;
    const text = textOf(window, key);
    const found = this.#committedValue(segment, text);
    const { cache } = this.#options;
    if (found && this.#size < cache.max)
      this.#keep({ key, window, text, segment, ...found, layer: 'clean', before: unread });
    return found;
  }

  /** The value as it was when the commit before began: without what was written since. */
  before(segment: number, window: number, key: string): V | undefined {
    const entry = this.#find(window, key);
    if (!entry) return this.#committedValue(segment, textOf(window, key))?.value;
    if (entry.layer !== 'current') return entry.value;
    return entry.before === unread ? this.#committedValue(segment, entry.text)?.value : entry.before;
  }

  /**
   * Replaces a value by what `next` makes of it, in one look-up; answers the entry, whose event time is the highest of
   * both. The answer is good until the next write of this key.
   */
  update(
    segment: number,
    window: number,
    key: string,
    timestamp: number,
    next: (old: V | undefined) => V,
  ): { readonly value: V; readonly timestamp: number } {
    let entry = this.#find(window, key);
    if (!entry) {
      const text = textOf(window, key);
      const old = this.#committedValue(segment, text);
      const time = old && old.timestamp > timestamp ? old.timestamp : timestamp;
      entry = this.#add({
        key,
        window,
        text,
        segment,
        value: next(old?.value),
        timestamp: time,
        layer: 'current',
        before: old?.value,
      });
    } else {
      const value = next(entry.value);
      if (entry.value === undefined || timestamp > entry.timestamp) entry.timestamp = timestamp;
      this.#touch(entry);
      entry.value = value;
    }
    return entry as { value: V; timestamp: number };
  }

  /** What was written since the last seal, in the order of the first writes. */
  written(): Iterable<Readonly<Pick<Entry<V>, 'key' | 'window' | 'value' | 'timestamp'>>> {
    return this.#written;
  }

  /** Writes a value; `undefined` deletes. @throws RangeError for a key that no store takes. */
  set(segment: number, window: number, key: string, value: V | undefined, timestamp: number): void {
    const entry = this.#find(window, key);
    if (!entry) {
      const text = textOf(window, key);
      this.#add({ key, window, text, segment, value, timestamp, layer: 'current', before: unread });
      return;
    }
    this.#touch(entry);
    entry.segment = segment;
    entry.value = value;
    entry.timestamp = timestamp;
  }

  /** Everything visible in a segment whose text begins so, ordered by it. */
  *entries(segment: number, prefix = ''): Generator<readonly [string, { value: V; timestamp: number }]> {
    const written = new Map<string, Entry<V>>();
    for (const layer of [this.#sealed, this.#written]) {
      for (const entry of layer)
        if (entry.segment === segment && entry.text.startsWith(prefix)) written.set(entry.text, entry);
    }
    // Copies: what is written while this is read is not seen.
    const fresh = [...written.values()]
      .map(({ text, value, timestamp }) => ({ text, value, timestamp }))
      .toSorted((a, b) => compareKeys(a.text, b.text));
    let next = 0;
    for (const [text, stored] of this.#options.committed.entries(segment, prefix)) {
      for (; next < fresh.length; next++) {
        const entry = fresh[next] as (typeof fresh)[number];
        if (compareKeys(entry.text, text) >= 0) break;
        if (exists(entry)) yield [entry.text, entry];
      }
      if (!written.has(text)) yield [text, { value: this.#decode(stored), timestamp: stored.timestamp }];
    }
    for (; next < fresh.length; next++) {
      const entry = fresh[next] as (typeof fresh)[number];
      if (exists(entry)) yield [entry.text, entry];
    }
  }

  /** The segments that hold anything, oldest first. */
  segments(): number[] {
    const segments = new Set(this.#options.committed.segments());
    for (const layer of [this.#sealed, this.#written]) for (const { segment } of layer) segments.add(segment);
    return [...segments].toSorted((a, b) => a - b);
  }

  seal(sink: ChangelogSink, changelog: { topic: string; partition: number } | undefined): void {
    const { valueSerde, changelogKey } = this.#options;
    const changes: StateChange[] = [];
    for (const entry of this.#written) {
      const { text, segment, value, timestamp } = entry;
      const data = value === undefined ? null : valueSerde.serialize(value);
      changes.push({ segment, key: text, data: data === null ? undefined : owned(data), timestamp });
      if (changelog) sink.append(changelog.topic, changelog.partition, timestamp, changelogKey(text), data);
      entry.layer = 'sealed';
    }
    this.#changes = changes;
    this.#sealed = this.#written;
    this.#written = [];
  }

  commit(position: number): void {
    if (!this.#changes) return;
    this.#options.committed.apply(this.#changes, position);
    this.#keepSealed();
    this.#sealed = [];
    this.#changes = undefined;
    this.#stayWithinBudget();
  }

  abort(): void {
    this.#windows.clear();
    this.#size = 0;
    this.#written = [];
    this.#sealed = [];
    this.#changes = undefined;
    this.#count();
  }

  #keepSealed(): void {
    for (const entry of this.#sealed) {
      // Written again since: then it is current.
      if (entry.layer !== 'sealed') continue;
      if (entry.value !== undefined) entry.layer = 'clean';
      else this.#drop(entry);
    }
  }

  #drop({ window, key }: Entry<V>): void {
    const entries = this.#windows.get(window);
    if (entries?.delete(key) !== true) return;
    this.#size--;
    // Windows come and go: what they leave behind must not gather.
    if (entries.size === 0) this.#windows.delete(window);
  }

  #keepWritten(): void {
    this.#windows = new Map();
    this.#size = 0;
    for (const entry of this.#written) this.#keep(entry);
  }

  #stayWithinBudget(): void {
    const { cache } = this.#options;
    this.#count();
    if (cache.used <= cache.max) return;
    this.#keepWritten();
    this.#count();
  }

  #count(): void {
    const { cache } = this.#options;
    cache.used += this.#size - this.#counted;
    this.#counted = this.#size;
  }

  #find(window: number, key: string): Entry<V> | undefined {
    return this.#windows.get(window)?.get(key);
  }

  /** Adds an entry whose key is not there. */
  #keep(entry: Entry<V>): void {
    const entries = this.#windows.get(entry.window);
    if (entries) entries.set(entry.key, entry);
    else this.#windows.set(entry.window, new Map([[entry.key, entry]]));
    this.#size++;
  }

  #add(entry: Entry<V>): Entry<V> {
    checkKey(entry.text);
    this.#keep(entry);
    this.#written.push(entry);
    return entry;
  }

  /** Makes an entry current before it is written. */
  #touch(entry: Entry<V>): void {
    if (entry.layer === 'current') return;
    entry.layer = 'current';
    entry.before = entry.value;
    this.#written.push(entry);
  }

  #committedValue(segment: number, text: string): { value: V; timestamp: number } | undefined {
    const stored = this.#options.committed.get(segment, text);
    return stored && { value: this.#decode(stored), timestamp: stored.timestamp };
  }

  #decode(stored: Stored): V {
    return storedValue(this.#options.valueSerde, stored);
  }
}

function textOf(window: number, key: string): string {
  return window === noWindow ? key : key + windowSuffix(window);
}

/** Whether an entry has a value, and is no deletion. */
function exists<E extends { value: unknown }>(entry: E): entry is E & { value: NonNullable<E['value']> } {
  return entry.value !== undefined;
}
