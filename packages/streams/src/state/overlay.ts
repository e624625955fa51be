// The overlay: what open transactions have written, above the committed state,
// and what was last committed, decoded.
//
//   write ─▶ current ──seal (the commit begins)──▶ sealed ──committed──▶ clean, and in CommittedState
//               └────────────── abort: all is forgotten ──────────────┘
//
// One commit may be in flight while the next batch is worked on. An entry that is written again meanwhile is
// current; what the commit in flight has of it is in its change.
import { checkKey, windowSuffix, type KeyText } from '../api/key-text.ts';
import { checkRecordSize } from '../api/record-size.ts';
import { numberSerde, serialize, type Serialized, type Serde } from '../api/serde.ts';
import type { ChangelogSink } from './changelog-sink.ts';
import {
  includes,
  type CommittedState,
  type KeyRange,
  type StateChange,
  type Stored,
} from './committed-state.ts';
import type { CacheBudget } from './cache-budget.ts';
import { mergeSorted } from './merge-sorted.ts';
import { owned, storedValue } from './stored-data.ts';
import type { ChangelogPartition, CommitLayers } from './task-store.ts';

/** Stands for a value that nobody has looked up yet. */
const unread: unique symbol = Symbol('unread');
/** Stands for a number that its serde writes when the commit begins: it refuses none, and all are short. */
const unwritten: unique symbol = Symbol('unwritten');
/** The most characters of a number. */
const numberLength = 24;

/** One key as its newest writer left it; a value of `undefined` is a deletion. */
interface Entry<V> {
  readonly key: string;
  /** Where the window begins; {@link noWindow} in stores without windows. */
  readonly window: number;
  /**
   * Both in one, as the committed state and the changelog have it: made once for an entry, whatever is
   * written to it.
   */
  readonly text: string;
  segment: number;
  value: V | undefined;
  /** Of a current entry: its value as its serde wrote it; undefined for a deletion. */
  data: Serialized | typeof unwritten | undefined;
  /** About how many bytes key and value take. */
  bytes: number;
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
  keys: Pick<KeyText<unknown>, 'encoding' | 'toChangelog'>;
  /** Where changes are logged; undefined: nowhere. */
  changelog: ChangelogPartition | undefined;
  /** What clean entries are kept within, to be read again without the committed state. */
  cache: CacheBudget;
}

/**
 * Reads and writes of one store in one task, transactional by layers. Entries are looked up by window and
 * then by key, so that a key's text and its hash serve all its windows.
 */
export class Overlay<V> implements CommitLayers {
  readonly #options: OverlayOptions<V>;
  readonly #hasNumbers: boolean;
  #windows = new Map<number, Map<string, Entry<V>>>();
  /** How many entries all windows have, and how many bytes. */
  #size = 0;
  #bytes = 0;
  /** Bytes of the current entries. */
  #writtenBytes = 0;
  /** The current entries, in the order of their first writes. */
  #written: Entry<V>[] = [];
  /** The sealed entries, and their changes. */
  #sealed: readonly Entry<V>[] = [];
  #changes: readonly StateChange[] | undefined;
  /** How many entries and bytes the budget knows of. */
  #counted = 0;
  #countedBytes = 0;

  constructor(options: OverlayOptions<V>) {
    this.#options = options;
    this.#hasNumbers = (options.valueSerde as Serde<unknown>) === numberSerde;
  }

  /** Bytes of what was written since the last seal. */
  get pendingBytes(): number {
    return this.#writtenBytes;
  }

  /** The value of a key and its event time, as they are now: what is written later does not change them. */
  get(segment: number, window: number, key: string): { value: V; timestamp: number } | undefined {
    const entry = this.#find(window, key);
    if (entry)
      return entry.value === undefined ? undefined : { value: entry.value, timestamp: entry.timestamp };
    const text = textOf(window, key);
    const stored = this.#options.committed.get(segment, text);
    if (!stored) return undefined;
    const found = this.#read(stored);
    const { cache } = this.#options;
    const bytes = text.length + stored.data.length;
    if (this.#size < cache.max && this.#bytes + bytes <= cache.maxBytes) {
      const rest = { data: undefined, layer: 'clean', before: unread } as const;
      this.#keep({ key, window, text, segment, bytes, ...found, ...rest });
    }
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
   * Replaces a value by what `next` makes of it, in one look-up; returns value and event time, which is the
   * higher of both.
   * @throws what the serde throws, RangeError and RecordTooLargeError; the value is then what it was.
   */
  update(
    segment: number,
    window: number,
    key: string,
    timestamp: number,
    next: (old: V | undefined) => V,
  ): { readonly value: V; readonly timestamp: number } {
    checkTime(timestamp);
    const entry = this.#find(window, key);
    if (!entry) {
      const text = textOf(window, key);
      const old = this.#committedValue(segment, text);
      const time = old && old.timestamp > timestamp ? old.timestamp : timestamp;
      const value = next(old?.value);
      this.#add(key, window, text, segment, value, time, old?.value);
      return { value, timestamp: time };
    }
    const value = next(entry.value);
    const time = entry.value === undefined || timestamp > entry.timestamp ? timestamp : entry.timestamp;
    this.#rewrite(entry, segment, value, time);
    return { value, timestamp: time };
  }

  /**
   * What was written since the last seal, in the order of the first writes. What is written later changes
   * what was returned.
   */
  written(): Iterable<Readonly<Pick<Entry<V>, 'key' | 'window' | 'value' | 'timestamp'>>> {
    return this.#written;
  }

  /**
   * Writes a value; `undefined` deletes.
   * @throws what the serde throws; RangeError for a key that no store takes,
   * or a time that is none; RecordTooLargeError.
   */
  set(segment: number, window: number, key: string, value: V | undefined, timestamp: number): void {
    checkTime(timestamp);
    const entry = this.#find(window, key);
    if (entry) this.#rewrite(entry, segment, value, timestamp);
    else this.#add(key, window, textOf(window, key), segment, value, timestamp, unread);
  }

  /**
   * Everything visible in a segment in a range of keys, ordered by key. What is written after the call is not
   * in it.
   */
  entries(
    segment: number,
    range: KeyRange = {},
  ): Generator<readonly [string, { value: V; timestamp: number }]> {
    const written = new Map<string, { value: V; timestamp: number } | null>();
    for (const layer of [this.#sealed, this.#written]) {
      for (const { segment: other, text, value, timestamp } of layer)
        if (other === segment && includes(range, text))
          written.set(text, value === undefined ? null : { value, timestamp });
    }
    const committed = this.#options.committed.entries(segment, range);
    return mergeSorted(written, committed, (stored) => this.#read(stored));
  }

  /** The segments that hold anything, oldest first. */
  segments(): number[] {
    const segments = new Set(this.#options.committed.segments());
    for (const layer of [this.#sealed, this.#written]) for (const { segment } of layer) segments.add(segment);
    return [...segments].toSorted((a, b) => a - b);
  }

  seal(sink: ChangelogSink): void {
    const { changelog, keys } = this.#options;
    const changes: StateChange[] = [];
    for (const entry of this.#written) {
      const { text, segment, timestamp } = entry;
      const data =
        entry.data === unwritten ? serialize(this.#options.valueSerde, entry.value as V) : entry.data;
      changes.push({ segment, key: text, data, timestamp });
      if (changelog)
        sink.append(changelog.topic, changelog.partition, timestamp, keys.toChangelog(text), data ?? null);
      entry.layer = 'sealed';
      entry.data = undefined;
    }
    this.#changes = changes;
    this.#sealed = this.#written;
    this.#written = [];
    this.#writtenBytes = 0;
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
    this.#size = this.#bytes = this.#writtenBytes = 0;
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

  #drop({ window, key, bytes }: Entry<V>): void {
    const entries = this.#windows.get(window);
    if (entries?.delete(key) !== true) return;
    this.#size--;
    this.#bytes -= bytes;
    // Windows come and go: what they leave behind must not gather.
    if (entries.size === 0) this.#windows.delete(window);
  }

  #keepWritten(): void {
    this.#windows = new Map();
    this.#size = this.#bytes = 0;
    for (const entry of this.#written) this.#keep(entry);
  }

  #stayWithinBudget(): void {
    const { cache } = this.#options;
    this.#count();
    if (cache.used <= cache.max && cache.usedBytes <= cache.maxBytes) return;
    this.#keepWritten();
    this.#count();
  }

  #count(): void {
    const { cache } = this.#options;
    cache.used += this.#size - this.#counted;
    this.#counted = this.#size;
    cache.usedBytes += this.#bytes - this.#countedBytes;
    this.#countedBytes = this.#bytes;
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
    this.#bytes += entry.bytes;
  }

  #add(
    key: string,
    window: number,
    text: string,
    segment: number,
    value: V | undefined,
    timestamp: number,
    before: Entry<V>['before'],
  ): void {
    checkKey(text, this.#options.keys.encoding);
    const data = this.#serialize(text, value);
    const bytes = text.length + lengthOf(data);
    const entry: Entry<V> = {
      key,
      window,
      text,
      segment,
      value,
      data,
      bytes,
      timestamp,
      layer: 'current',
      before,
    };
    this.#keep(entry);
    this.#written.push(entry);
    this.#writtenBytes += bytes;
  }

  /** Writes an entry that is there; makes it current before. */
  #rewrite(entry: Entry<V>, segment: number, value: V | undefined, timestamp: number): void {
    const data = this.#serialize(entry.text, value);
    const bytes = entry.text.length + lengthOf(data);
    if (entry.layer === 'current') {
      this.#writtenBytes += bytes - entry.bytes;
    } else {
      entry.layer = 'current';
      entry.before = entry.value;
      this.#written.push(entry);
      this.#writtenBytes += bytes;
    }
    this.#bytes += bytes - entry.bytes;
    entry.bytes = bytes;
    entry.segment = segment;
    entry.value = value;
    entry.data = data;
    entry.timestamp = timestamp;
  }

  /** A value as it will be stored and logged. What cannot be is the failure of the record that writes it. */
  #serialize(text: string, value: V | undefined): Serialized | typeof unwritten | undefined {
    if (value === undefined) return undefined;
    if (this.#hasNumbers && typeof value === 'number' && !Number.isNaN(value)) return unwritten;
    const { valueSerde, changelog } = this.#options;
    const data = owned(serialize(valueSerde, value));
    if (changelog) checkRecordSize(changelog.topic, text, data);
    return data;
  }

  #committedValue(segment: number, text: string): { value: V; timestamp: number } | undefined {
    const stored = this.#options.committed.get(segment, text);
    return stored && this.#read(stored);
  }

  #read(stored: Stored): { value: V; timestamp: number } {
    return { value: this.#decode(stored), timestamp: stored.timestamp };
  }

  #decode(stored: Stored): V {
    return storedValue(this.#options.valueSerde, stored);
  }
}

function lengthOf(data: Serialized | typeof unwritten | undefined): number {
  if (data === undefined) return 0;
  return data === unwritten ? numberLength : data.length;
}

function textOf(window: number, key: string): string {
  return window === noWindow ? key : key + windowSuffix(window);
}

/** @throws RangeError for what no record may carry as its time. */
export function checkTime(timestamp: number): void {
  if (timestamp >= 0 && Number.isSafeInteger(timestamp)) return;
  throw new RangeError(`the event time ${timestamp} is not in whole epoch milliseconds`);
}
