// The window store of a task: values by key and window start, in segments that are dropped whole.
import type { Timestamped } from '../api/record.ts';
import { splitWindowed, windowsOf } from '../api/key-text.ts';
import type { KeyRange } from './committed-state.ts';
import { checkTime, type Overlay } from './overlay.ts';
import { SegmentedStore } from './segmented-store.ts';
import type { NextValue, WindowStore } from '../api/stores.ts';

/** A {@link WindowStore} that belongs to one task. */
export class TaskWindowStore<K, V> extends SegmentedStore<K, V> implements WindowStore<K, V> {
  protected readonly overlay: Overlay<V> = this.rewritten(this.options.valueSerde);

  fetch(key: K, windowStart: number): V | undefined {
    return this.fetchTimestamped(key, windowStart)?.value;
  }

  fetchTimestamped(key: K, windowStart: number): Timestamped<V> | undefined {
    const segment = this.segment(windowStart);
    if (segment < this.firstLive()) return undefined;
    return this.overlay.get(segment, windowStart, this.keys.write(key));
  }

  put(key: K, value: V, windowStart: number, timestamp: number): void {
    checkTime(windowStart);
    const segment = this.segment(windowStart);
    if (segment < this.firstLive()) return;
    this.reach(segment);
    this.overlay.set(segment, windowStart, this.keys.write(key), value, Math.max(timestamp, windowStart));
  }

  delete(key: K, windowStart: number): void {
    checkTime(windowStart);
    const time = Math.max(windowStart, this.eventTime());
    const segment = this.segment(windowStart);
    this.reach(segment);
    this.overlay.set(segment, windowStart, this.keys.write(key), undefined, time);
  }

  update(key: K, windowStart: number, timestamp: number, next: NextValue<V>): Timestamped<V> {
    checkTime(windowStart);
    const segment = this.segment(windowStart);
    if (segment < this.firstLive()) return { value: next(undefined, false), timestamp };
    this.reach(segment);
    const time = Math.max(timestamp, windowStart);
    return this.overlay.update(segment, windowStart, this.keys.write(key), time, next);
  }

  *written(): Generator<[K, number, Timestamped<V | undefined>]> {
    for (const { key, window, value, timestamp } of this.overlay.written())
      yield [this.keys.read(key), window, { value, timestamp }];
  }

  before(key: K, windowStart: number): V | undefined {
    return this.overlay.before(this.segment(windowStart), windowStart, this.keys.write(key));
  }

  *fetchRange(key: K, from: number, to: number): Generator<[number, V]> {
    const wanted = this.keys.write(key);
    const range = windowsOf(wanted, from, to);
    for (const [text, start, value] of this.#scan(from, to, range)) if (text === wanted) yield [start, value];
  }

  *fetchAll(from: number, to: number): Generator<[K, number, V]> {
    for (const [text, start, value] of this.#scan(from, to)) yield [this.keys.read(text), start, value];
  }

  protected segmentOf(keyText: string): number | undefined {
    const segment = this.segment(splitWindowed(keyText).start);
    return segment < this.firstLive() ? undefined : segment;
  }

  *#scan(from: number, to: number, range?: KeyRange): Generator<[string, number, V]> {
    const first = Math.max(this.firstLive(), this.segment(from));
    for (const segment of this.#segmentsBetween(first, this.segment(to))) {
      for (const [text, { value }] of this.overlay.entries(segment, range)) {
        const { key, start } = splitWindowed(text);
        if (start >= from && start <= to) yield [key, start, value];
      }
    }
  }

  #segmentsBetween(first: number, last: number): number[] {
    // A short span is asked for segment by segment: there may be many thousands in all.
    if (last - first < 100) return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
    return this.overlay.segments().filter((segment) => segment >= first && segment <= last);
  }
}
