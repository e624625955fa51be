// The window store of a task: values by key and window start, in segments that are dropped whole.
import type { RecordBatches } from '../kafka/record-batches.ts';
import type { SourceRecord } from '../kafka/port.ts';
import type { Timestamped } from '../record.ts';
import type { StateChange } from './committed-state.ts';
import { keyText, splitWindowed, windowSuffix, type KeyText } from './key-text.ts';
import type { TaskStoreOptions } from './key-value-store.ts';
import { Overlay } from './overlay.ts';
import { restoredValue } from './restored-value.ts';
import type { TaskStore, WindowStore } from './store.ts';

/** What a task's window store is made of. Times in milliseconds. */
export interface TaskWindowStoreOptions<K, V> extends TaskStoreOptions<K, V> {
  retentionMs: number;
  /** Half the retention unless given. */
  segmentMs: number | undefined;
  expiry: 'manual' | undefined;
  streamTime: () => number;
}

/** How much time a segment spans: half the retention, as in Kafka Streams, but at least a minute. */
export function segmentIntervalMs(retentionMs: number): number {
  return Math.max(Math.ceil(retentionMs / 2), 60_000);
}

/** A {@link WindowStore} that belongs to one task. */
export class TaskWindowStore<K, V> implements WindowStore<K, V>, TaskStore {
  readonly name: string;
  readonly #options: TaskWindowStoreOptions<K, V>;
  readonly #keys: KeyText<K>;
  readonly #overlay: Overlay<V>;
  readonly #interval: number;
  // Where a store that expires by hand begins: as of now, as of the commit in flight, as of the last commit.
  #begin = 0;
  #sealedBegin = 0;
  #committedBegin = 0;
  #sealedFirstLive = 0;

  constructor(options: TaskWindowStoreOptions<K, V>) {
    this.name = options.name;
    this.#options = options;
    this.#keys = keyText(options.keySerde);
    this.#interval = options.segmentMs ?? segmentIntervalMs(options.retentionMs);
    const { valueSerde, committed } = options;
    this.#overlay = new Overlay({ valueSerde, committed, changelogKey: this.#keys.toChangelog });
  }

  fetch(key: K, windowStart: number): V | undefined {
    return this.fetchTimestamped(key, windowStart)?.value;
  }

  fetchTimestamped(key: K, windowStart: number): Timestamped<V> | undefined {
    const segment = this.#segment(windowStart);
    if (segment < this.#firstLive()) return undefined;
    return this.#overlay.get(segment, this.#keys.write(key) + windowSuffix(windowStart));
  }

  put(key: K, value: V, windowStart: number, timestamp: number): void {
    const segment = this.#segment(windowStart);
    if (segment < this.#firstLive()) return;
    this.#overlay.set(segment, this.#keys.write(key) + windowSuffix(windowStart), value, timestamp);
  }

  delete(key: K, windowStart: number): void {
    const text = this.#keys.write(key) + windowSuffix(windowStart);
    this.#overlay.set(this.#segment(windowStart), text, undefined, windowStart);
  }

  update(key: K, windowStart: number, timestamp: number, next: (old: V | undefined) => V): Timestamped<V> {
    const segment = this.#segment(windowStart);
    if (segment < this.#firstLive()) return { value: next(undefined), timestamp };
    return this.#overlay.update(segment, this.#keys.write(key) + windowSuffix(windowStart), timestamp, next);
  }

  *written(): Generator<[K, number, Timestamped<V | undefined>]> {
    for (const [text, entry] of this.#overlay.written()) {
      const { key, start } = splitWindowed(text);
      yield [this.#keys.read(key), start, entry];
    }
  }

  before(key: K, windowStart: number): V | undefined {
    const text = this.#keys.write(key) + windowSuffix(windowStart);
    return this.#overlay.before(this.#segment(windowStart), text);
  }

  *fetchRange(key: K, from: number, to: number): Generator<[number, V]> {
    const wanted = this.#keys.write(key);
    for (const [text, start, value] of this.#scan(from, to)) if (text === wanted) yield [start, value];
  }

  *fetchAll(from: number, to: number): Generator<[K, number, V]> {
    for (const [text, start, value] of this.#scan(from, to)) yield [this.#keys.read(text), start, value];
  }

  expireBefore(windowStart: number): void {
    if (windowStart > this.#begin) this.#begin = windowStart;
  }

  position(): number {
    return this.#options.committed.position;
  }

  restore(records: readonly SourceRecord[], nextOffset: number): void {
    const { committed, valueSerde } = this.#options;
    const changes: StateChange[] = [];
    const firstLive = this.#firstLive();
    for (const record of records) {
      if (record.key === null) continue;
      const key = this.#keys.ofBytes(record.key);
      const segment = this.#segment(splitWindowed(key).start);
      if (segment < firstLive) continue;
      changes.push({ segment, key, stored: restoredValue(valueSerde.format, record) });
    }
    committed.apply(changes, nextOffset);
  }

  seal(records: RecordBatches): void {
    this.#overlay.seal(records, this.#options.changelog);
    this.#sealedBegin = this.#begin;
    this.#sealedFirstLive = this.#firstLive();
  }

  commit(position: number | undefined): void {
    this.#overlay.commit(position ?? this.position());
    this.#committedBegin = this.#sealedBegin;
    // Stream time may have moved on since, in work that may yet be aborted: what that lets expire must still be there.
    this.#options.committed.dropSegmentsBefore(this.#sealedFirstLive);
  }

  abort(): void {
    this.#begin = this.#committedBegin;
    this.#overlay.abort();
  }

  unflushed(): number {
    return this.#options.committed.unflushed;
  }

  flush(): Promise<void> {
    return this.#options.committed.flush();
  }

  bytes(): number {
    return this.#options.committed.bytes();
  }

  size(): number {
    return this.#options.committed.size();
  }

  clear(): Promise<void> {
    this.#overlay.abort();
    return this.#options.committed.clear();
  }

  close(): Promise<void> {
    return this.#options.committed.close();
  }

  *#scan(from: number, to: number): Generator<[string, number, V]> {
    const firstLive = this.#firstLive();
    for (const segment of this.#segmentsBetween(
      Math.max(firstLive, this.#segment(from)),
      this.#segment(to),
    )) {
      for (const [text, { value }] of this.#overlay.entries(segment)) {
        const { key, start } = splitWindowed(text);
        if (start >= from && start <= to) yield [key, start, value];
      }
    }
  }

  #segmentsBetween(first: number, last: number): number[] {
    // A short span is asked for segment by segment: there may be many thousands in all.
    if (last - first < 100) return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
    return this.#overlay.segments().filter((segment) => segment >= first && segment <= last);
  }

  #segment(time: number): number {
    return Math.floor(time / this.#interval);
  }

  #firstLive(): number {
    if (this.#options.expiry === 'manual') return this.#segment(this.#begin);
    return this.#segment(this.#options.streamTime() - this.#options.retentionMs);
  }
}
