// The layers of a timeline store: what is not committed yet, and what of the committed state is kept in
// memory.
//
//   put ─▶ written ──seal──▶ sealed ──committed──▶ in CommittedState, and kept while there is room
//             └───── abort: all that is in memory is dropped ─────┘
//
// Entries are in segments by time. A segment that began while this store was open is complete in memory,
// until the shared budget needs its room: reads of a complete segment do not look at the committed state at
// all.
import { checkKey, windowsOf, windowSuffix, type KeyText } from '../api/key-text.ts';
import { checkRecordSize } from '../api/record-size.ts';
import { serialize, type Serde, type Serialized } from '../api/serde.ts';
import type { ChangelogSink } from './changelog-sink.ts';
import { CacheShare, type CacheBudget } from './cache-budget.ts';
import type { CommittedState, StateChange } from './committed-state.ts';
import { owned, storedValue } from './stored-data.ts';
import type { ChangelogPartition, CommitLayers } from './task-store.ts';

/**
 * An entry, in the form that the committed state keeps. Its value is read from its data when somebody asks
 * for it: many entries are joined with nothing, and the garbage collector would follow their values.
 */
class Entry<V> {
  readonly segment: number;
  /** The key alone. */
  readonly owner: string;
  readonly timestamp: number;
  /** Entries of one key and time are in the order of their numbers. */
  readonly number: number;
  readonly data: Serialized;
  #value: V | undefined;

  constructor(segment: number, owner: string, timestamp: number, number: number, data: Serialized) {
    this.segment = segment;
    this.owner = owner;
    this.timestamp = timestamp;
    this.number = number;
    this.data = data;
  }

  /** The key, the time and the number as one text. */
  get key(): string {
    return textOf(this.owner, this.timestamp, this.number);
  }

  value(serde: Serde<V>): V {
    return (this.#value ??= storedValue(serde, this));
  }
}

interface Segment<V> {
  /** Whether it holds every entry of the segment, or only those that are not committed. */
  isComplete: boolean;
  /** The entries of each key, in order; most keys have one. */
  readonly byOwner: Map<string, Entry<V> | Entry<V>[]>;
}

/** What moves with each entry, and is committed with the entries. */
interface Clock {
  /** The latest time of an entry; -1 before the first. */
  observed: number;
  /** The number of the next entry. */
  next: number;
}

/** What {@link TimelineLayers} needs of its store. */
export interface TimelineLayersOptions<V> {
  valueSerde: Serde<V>;
  committed: CommittedState;
  keys: Pick<KeyText<unknown>, 'encoding' | 'toChangelog'>;
  changelog: ChangelogPartition | undefined;
  cache: CacheBudget;
  segmentOf: (time: number) => number;
}

/** The key of the clock: no entry has one without `@`. */
export const clockKey = 'clock';
const numberDigits = 10;
/** Characters of a key, and of a value, that are below every limit, whatever their UTF-8 is. */
const shortOwner = 500;
const shortData = 100_000;
const none: never[] = [];
/** 0 is that of values which are replaced. */
const firstNumber = 1;

/** See the top of this file. */
export class TimelineLayers<V> implements CommitLayers {
  readonly #options: TimelineLayersOptions<V>;
  #segments = new Map<number, Segment<V>>();
  #written: Entry<V>[] = [];
  #sealed: readonly Entry<V>[] = [];
  #changes: readonly StateChange[] | undefined;
  /** Undefined until it is read from the committed state. */
  #clock: Clock | undefined;
  #hasMoved = false;
  /** The segments that the committed state has something of which is not in memory. */
  #committedSegments = new Set<number>();
  #size = 0;
  #bytes = 0;
  #writtenBytes = 0;
  readonly #share: CacheShare;

  constructor(options: TimelineLayersOptions<V>) {
    this.#options = options;
    this.#share = new CacheShare(options.cache);
  }

  get pendingBytes(): number {
    return this.#writtenBytes;
  }

  /** The latest time of an entry; -1 before the first. */
  get observed(): number {
    return this.#loaded().observed;
  }

  /** Moves {@link observed} forward. */
  observe(time: number): void {
    const clock = this.#loaded();
    if (time <= clock.observed) return;
    clock.observed = time;
    this.#hasMoved = true;
  }

  /** Adds an entry. Without a number it comes behind all that its key has at this time. */
  put(owner: string, time: number, value: V, number?: number): void {
    const { valueSerde, keys, changelog, segmentOf } = this.#options;
    const clock = this.#loaded();
    const own = number ?? clock.next;
    // Most are far from every limit: their text is made when it is written.
    if (owner.length > shortOwner) checkKey(textOf(owner, time, own), keys.encoding);
    const data = owned(serialize(valueSerde, value));
    const entry = new Entry<V>(segmentOf(time), owner, time, own, data);
    if (changelog && data.length > shortData) checkRecordSize(changelog.topic, entry.key, data);
    this.#keep(entry);
    this.#written.push(entry);
    this.#writtenBytes += bytesOf(entry);
    if (number === undefined) {
      clock.next++;
      this.#hasMoved = true;
    }
    this.observe(time);
  }

  /** The values of a key from one time to another, both included, of segments in this range, in order. */
  fetch(owner: string, from: number, to: number): { time: number; value: V }[] {
    const { segmentOf, valueSerde } = this.#options;
    this.#loaded();
    const found: { time: number; value: V }[] = [];
    const last = segmentOf(to);
    for (let segment = segmentOf(from); segment <= last; segment++) {
      const own = this.#segments.get(segment)?.byOwner.get(owner);
      const all = this.#committedSegments.has(segment)
        ? this.#withCommitted(segment, owner, from, to, listOf(own))
        : own;
      if (all === undefined) continue;
      if (all instanceof Entry) {
        const { timestamp: time } = all;
        if (time >= from && time <= to) found.push({ time, value: all.value(valueSerde) });
        continue;
      }
      for (let i = firstFrom(all, from); i < all.length; i++) {
        const entry = all[i] as Entry<V>;
        if (entry.timestamp > to) break;
        found.push({ time: entry.timestamp, value: entry.value(valueSerde) });
      }
    }
    return found;
  }

  seal(sink: ChangelogSink): void {
    const { changelog, keys } = this.#options;
    const changes: readonly StateChange[] = this.#hasMoved
      ? [...this.#written, this.#clockChange()]
      : this.#written;
    if (changelog)
      for (const { key, timestamp, data } of changes)
        sink.append(changelog.topic, changelog.partition, timestamp, keys.toChangelog(key), data ?? null);
    this.#changes = changes;
    this.#sealed = this.#written;
    this.#written = [];
    this.#writtenBytes = 0;
    this.#hasMoved = false;
  }

  commit(position: number): void {
    if (!this.#changes) return;
    this.#options.committed.apply(this.#changes, position);
    this.#changes = undefined;
    for (const [number, { isComplete }] of this.#segments)
      if (!isComplete) for (const entry of this.#sealed) if (entry.segment === number) this.#drop(entry);
    this.#sealed = [];
    this.#stayWithinBudget();
  }

  abort(): void {
    this.#segments = new Map();
    this.#written = [];
    this.#sealed = [];
    this.#changes = undefined;
    this.#clock = undefined;
    this.#hasMoved = false;
    this.#size = this.#bytes = this.#writtenBytes = 0;
    this.#count();
  }

  /** Forgets the segments before this one. */
  dropSegmentsBefore(first: number): void {
    for (const [number, segment] of this.#segments) if (number < first) this.#forget(number, segment);
    for (const number of this.#committedSegments) if (number < first) this.#committedSegments.delete(number);
    this.#count();
  }

  #loaded(): Clock {
    if (this.#clock) return this.#clock;
    const { committed } = this.#options;
    const segments = committed.segments();
    this.#committedSegments = new Set(segments);
    const stored = committed.get(segments.at(-1) ?? 0, clockKey);
    const [observed = -1, next = firstNumber] = stored ? String(stored.data).split(',').map(Number) : [];
    return (this.#clock = { observed, next });
  }

  #clockChange(): StateChange {
    const { valueSerde, segmentOf } = this.#options;
    const { observed, next } = this.#loaded();
    const text = `${observed},${next}`;
    const data = valueSerde.format === 'text' ? text : Buffer.from(text);
    return { segment: segmentOf(observed), key: clockKey, data, timestamp: observed };
  }

  #withCommitted(
    segment: number,
    owner: string,
    from: number,
    to: number,
    own: readonly Entry<V>[],
  ): Entry<V>[] {
    const { committed } = this.#options;
    const { prefix, from: first, to: last } = windowsOf(owner, from, to);
    const range = {
      prefix,
      ...(first !== undefined && { from: first }),
      ...(last !== undefined && { to: `${last}~` }),
    };
    const written = new Set(own.map(({ key }) => key));
    const all = [...own];
    for (const [key, stored] of committed.entries(segment, range)) {
      const parts = splitEntry(key);
      if (parts?.owner !== owner || written.has(key)) continue;
      all.push(new Entry<V>(segment, owner, parts.timestamp, parts.number, stored.data));
    }
    return all.toSorted(inOrder);
  }

  #keep(entry: Entry<V>): void {
    let segment = this.#segments.get(entry.segment);
    if (!segment) {
      const isComplete = !this.#committedSegments.has(entry.segment);
      this.#segments.set(entry.segment, (segment = { isComplete, byOwner: new Map() }));
    }
    const { byOwner } = segment;
    const kept = byOwner.get(entry.owner);
    this.#counts(entry, 1);
    if (!kept) {
      byOwner.set(entry.owner, entry);
      return;
    }
    const entries = listOf(kept);
    if (kept instanceof Entry) byOwner.set(entry.owner, entries);
    let at = entries.length;
    while (at > 0 && inOrder(entries[at - 1] as Entry<V>, entry) > 0) at--;
    const before = entries[at - 1];
    if (before && inOrder(before, entry) === 0) {
      entries[at - 1] = entry;
      this.#counts(before, -1);
    } else entries.splice(at, 0, entry);
  }

  #drop(entry: Entry<V>): void {
    const byOwner = this.#segments.get(entry.segment)?.byOwner;
    const entries = listOf(byOwner?.get(entry.owner));
    const at = entries.indexOf(entry);
    // Written again since, or gone with its segment.
    if (!byOwner || at < 0) return;
    this.#counts(entry, -1);
    if (entries.length === 1) byOwner.delete(entry.owner);
    else entries.splice(at, 1);
  }

  #forget(number: number, { byOwner }: Segment<V>): void {
    this.#segments.delete(number);
    for (const kept of byOwner.values()) for (const entry of listOf(kept)) this.#counts(entry, -1);
  }

  #stayWithinBudget(): void {
    if (this.#count()) return;
    const complete = [...this.#segments]
      .filter(([, { isComplete }]) => isComplete)
      .toSorted(([a], [b]) => a - b);
    for (const [number, segment] of complete) {
      this.#forget(number, segment);
      this.#committedSegments.add(number);
      for (const entry of this.#written) if (entry.segment === number) this.#keep(entry);
      if (this.#count()) return;
    }
  }

  #counts(entry: Entry<V>, by: 1 | -1): void {
    this.#size += by;
    this.#bytes += by * bytesOf(entry);
  }

  /** See {@link CacheShare.count}. */
  #count(): boolean {
    return this.#share.count(this.#size, this.#bytes);
  }
}

/** How much of the text of an entry is its key, the `@` included. */
export function entryPrefixLength(text: string): number {
  return text.lastIndexOf('@') + 1;
}

/** Takes the text of an entry apart; undefined where it is no entry's. */
export function splitEntry(text: string): { owner: string; timestamp: number; number: number } | undefined {
  const at = text.lastIndexOf('@');
  const dot = text.lastIndexOf('.');
  const timestamp = Number(text.slice(at + 1, dot));
  if (at < 0 || dot < at || !Number.isSafeInteger(timestamp)) return undefined;
  return { owner: text.slice(0, at), timestamp, number: Number(text.slice(dot + 1)) };
}

function inOrder(a: { timestamp: number; number: number }, b: { timestamp: number; number: number }): number {
  return a.timestamp - b.timestamp || a.number - b.number;
}

/** Where the first entry is that is not before a time. */
function firstFrom(entries: readonly { timestamp: number }[], time: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle] as { timestamp: number }).timestamp < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What is kept of one key as a list: that which is kept, where it is one. */
function listOf<V>(kept: Entry<V> | Entry<V>[] | undefined): Entry<V>[] {
  if (kept === undefined) return none;
  return kept instanceof Entry ? [kept] : kept;
}

/** The text of an entry: its key in the committed state and in the changelog. */
function textOf(owner: string, time: number, number: number): string {
  return `${owner}${timeSuffix(time)}.${String(number).padStart(numberDigits, '0')}`;
}

/** What {@link windowSuffix} returns, without its cache: times of records are rarely equal. */
function timeSuffix(time: number): string {
  return time >= 10 ** 12 ? `@${time}` : windowSuffix(time);
}

/** Characters of an entry's text behind its key: `@`, a time, a dot and a number. */
const suffixLength = 14 + 1 + numberDigits;

function bytesOf({ owner, data }: { owner: string; data: Serialized }): number {
  return owner.length + suffixLength + data.length;
}
