// The overlay: the entries of a store that are not committed yet, above the committed state, and a cache of
// committed entries with their values decoded.
//
//   write ─▶ current ──seal (the commit begins)──▶ sealed ──committed──▶ clean, and in CommittedState
//               └────── abort: current, sealed and clean entries are dropped ──────┘
//
// One commit may be in flight while records of the next one are processed. A key has one entry. If it is
// written again during a commit, its entry is current again; the commit has the old value in a StateChange.
import { checkKey, windowSuffix, type KeyText } from '../api/key-text.ts';
import { checkRecordSize } from '../api/record-size.ts';
import type { NextValue } from '../api/stores.ts';
import { numberSerde, serialize, type Serialized, type Serde } from '../api/serde.ts';
import type { ChangelogSink } from './changelog-sink.ts';
import {
  includes,
  type CommittedState,
  type KeyRange,
  type StateChange,
  type Stored,
} from './committed-state.ts';
import { CacheShare, type CacheBudget } from './cache-budget.ts';
import { mergeSorted } from './merge-sorted.ts';
import { owned, storedValue } from './stored-data.ts';
import type { ChangelogPartition, CommitLayers } from './task-store.ts';

/** The committed value of an entry, until it is looked up. Most are never asked for. */
const unread: unique symbol = Symbol('unread');
/**
 * The data of a value whose serde cannot fail, until the commit begins: counts are rewritten often, and only
 * the last value before a commit is serialized.
 */
const unwritten: unique symbol = Symbol('unwritten');
/** The most characters of a number as text: what an `unwritten` one is counted as. */
const numberLength = 24;

/** The newest value of one key in one window; a value of `undefined` is a deletion. */
interface Entry<V> {
  readonly key: string;
  /** The window's start; {@link noWindow} in stores without windows. */
  readonly window: number;
  /** Key and window as one text: the key in the committed state and in the changelog. Made once an entry. */
  readonly text: string;
  segment: number;
  value: V | undefined;
  /** For current entries: the serialized value; undefined for a deletion, and for all other entries. */
  data: Serialized | typeof unwritten | undefined;
  /** Length of `text` and of the serialized value: about the bytes they take. */
  bytes: number;
  timestamp: number;
  layer: 'current' | 'sealed' | 'clean';
  /** For current entries: the value at the last seal. */
  before: V | undefined | typeof unread;
}

/** The window start of entries in stores without windows. */
export const noWindow = -1;

/** What an overlay needs of its store. */
export interface OverlayOptions<V> {
  valueSerde: Serde<V>;
  committed: CommittedState;
  keys: Pick<KeyText<unknown>, 'encoding' | 'toChangelog'>;
  /** Where changes are logged; undefined: nowhere. */
  changelog: ChangelogPartition | undefined;
  /** Limits how many clean entries are kept. All stores of a thread share it. */
  cache: CacheBudget;
}

/**
 * Reads and writes of one store in one task. Entries are looked up by window and then by key: the same string
 * is the key in each of its windows, so V8 computes its hash once.
 */
export class Overlay<V> implements CommitLayers {
  readonly #options: OverlayOptions<V>;
  readonly #hasNumbers: boolean;
  /** See `textLength` of serdes; 0 where values are serialized as they are written. */
  readonly #textLength: number;
  #windows = new Map<number, Map<string, Entry<V>>>();
  /** Entries of all layers in all windows, and their bytes. */
  #size = 0;
  #bytes = 0;
  /** Bytes of the current entries. A commit begins early if there are too many. */
  #writtenBytes = 0;
  /** The current entries, in the order of their first writes. */
  #written: Entry<V>[] = [];
  /**
   * The entries of the commit in flight, and its changes; undefined if there is none. Of these entries, those
   * written since are current, and in `#written` too.
   */
  #sealed: readonly Entry<V>[] = [];
  #changes: readonly StateChange[] | undefined;
  readonly #share: CacheShare;

  constructor(options: OverlayOptions<V>) {
    this.#options = options;
    this.#share = new CacheShare(options.cache);
    const { valueSerde } = options;
    this.#hasNumbers = (valueSerde as Serde<unknown>) === numberSerde;
    const textLength = valueSerde.format === 'text' ? (valueSerde.textLength ?? 0) : 0;
    this.#textLength = this.#hasNumbers ? numberLength : textLength;
  }

  /** Bytes of what was written since the last seal. */
  get pendingBytes(): number {
    return this.#writtenBytes;
  }

  /** The value of a key and its event time. Later writes do not change the returned object. */
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
    // This store alone: the sum over all stores is checked after each commit.
    if (this.#size < cache.max && this.#bytes + bytes <= cache.maxBytes) {
      const rest = { data: undefined, layer: 'clean', before: unread } as const;
      this.#keep({ key, window, text, segment, bytes, ...found, ...rest });
    }
    return found;
  }

  /** The value of a key at the last seal, without later writes. */
  before(segment: number, window: number, key: string): V | undefined {
    const entry = this.#find(window, key);
    if (!entry) return this.#committedValue(segment, textOf(window, key))?.value;
    if (entry.layer !== 'current') return entry.value;
    return entry.before === unread ? this.#committedValue(segment, entry.text)?.value : entry.before;
  }

  /**
   * Replaces a value by what `next` returns for the old one, in one look-up. The new event time is the later
   * one of the old value's and `timestamp`. Returns the new value and its event time.
   * @throws what the serde throws, RangeError and RecordTooLargeError; the value is then unchanged.
   */
  update(
    segment: number,
    window: number,
    key: string,
    timestamp: number,
    next: NextValue<V>,
  ): { readonly value: V; readonly timestamp: number } {
    checkTime(timestamp);
    const entry = this.#find(window, key);
    if (!entry) {
      const text = textOf(window, key);
      const old = this.#committedValue(segment, text);
      const time = old && old.timestamp > timestamp ? old.timestamp : timestamp;
      const value = next(old?.value, false);
      this.#add(key, window, text, segment, value, time, old?.value);
      return { value, timestamp: time };
    }
    const mayChange = entry.data === unwritten;
    const value = next(entry.value, mayChange);
    const time = entry.value === undefined || timestamp > entry.timestamp ? timestamp : entry.timestamp;
    // A count that was counted already since the last commit: its bytes are what they were.
    if (mayChange && this.#isUnwritten(value)) {
      entry.value = value;
      entry.timestamp = time;
      entry.segment = segment;
    } else {
      this.#rewrite(entry, segment, value, time);
    }
    return { value, timestamp: time };
  }

  /**
   * The entries written since the last seal, in the order of their first writes. The list is live: later
   * writes change it.
   */
  written(): Iterable<Readonly<Pick<Entry<V>, 'key' | 'window' | 'value' | 'timestamp'>>> {
    return this.#written;
  }

  /**
   * Writes a value; `undefined` deletes.
   * @throws what the serde throws; RangeError for a key that no store takes
   * or an invalid time; RecordTooLargeError.
   */
  set(segment: number, window: number, key: string, value: V | undefined, timestamp: number): void {
    checkTime(timestamp);
    const entry = this.#find(window, key);
    if (entry) this.#rewrite(entry, segment, value, timestamp);
    else this.#add(key, window, textOf(window, key), segment, value, timestamp, unread);
  }

  /**
   * All entries of a segment in a range of keys, committed or not, ordered by key. Writes after the call are
   * not in it.
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

  /** The segments that have entries, committed or not, oldest first. */
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
      // Written since the seal, it is current.
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
    // There are ever new windows: empty maps of old ones would pile up.
    if (entries.size === 0) this.#windows.delete(window);
  }

  /** Drops the clean entries. Called after a commit, when no entry is sealed. */
  #dropClean(): void {
    this.#windows = new Map();
    this.#size = this.#bytes = 0;
    for (const entry of this.#written) this.#keep(entry);
  }

  #stayWithinBudget(): void {
    if (this.#count()) return;
    this.#dropClean();
    this.#count();
  }

  /** See {@link CacheShare.count}. */
  #count(): boolean {
    return this.#share.count(this.#size, this.#bytes);
  }

  #find(window: number, key: string): Entry<V> | undefined {
    return this.#windows.get(window)?.get(key);
  }

  /** Adds an entry for a key that has none. */
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
    const bytes = text.length + this.#lengthOf(data);
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

  /** Writes to an entry, which is current afterwards. */
  #rewrite(entry: Entry<V>, segment: number, value: V | undefined, timestamp: number): void {
    const data = this.#serialize(entry.text, value);
    const bytes = entry.text.length + this.#lengthOf(data);
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

  /**
   * A value as it will be stored and logged. It is serialized now, not when the commit begins, so that a
   * value that cannot be is a failure of the record that writes it.
   */
  #serialize(text: string, value: V | undefined): Serialized | typeof unwritten | undefined {
    if (value === undefined) return undefined;
    if (this.#isUnwritten(value)) return unwritten;
    const { valueSerde, changelog } = this.#options;
    const data = owned(serialize(valueSerde, value));
    if (changelog) checkRecordSize(changelog.topic, text, data);
    return data;
  }

  /** Whether a value can be serialized when the commit begins. */
  #isUnwritten(value: V): boolean {
    return this.#hasNumbers ? typeof value === 'number' && !Number.isNaN(value) : this.#textLength > 0;
  }

  #lengthOf(data: Serialized | typeof unwritten | undefined): number {
    if (data === undefined) return 0;
    return data === unwritten ? this.#textLength : data.length;
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

function textOf(window: number, key: string): string {
  return window === noWindow ? key : key + windowSuffix(window);
}

/** @throws RangeError for a time that no record can have. */
export function checkTime(timestamp: number): void {
  if (timestamp >= 0 && Number.isSafeInteger(timestamp)) return;
  throw new RangeError(`the event time ${timestamp} is not in whole epoch milliseconds`);
}
