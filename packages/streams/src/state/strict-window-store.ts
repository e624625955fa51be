// A window store that decides by the windows that were put, not by the task's stream time: what starts a
// retention or more before the newest one is not found, to the millisecond.
import type { StepClock } from '../api/processor.ts';
import type { Timestamped } from '../api/record.ts';
import type { NextValue } from '../api/stores.ts';
import type { SegmentedStoreOptions } from './segmented-store.ts';
import { TaskWindowStore } from './window-store.ts';

/** What a strict window store is made of. */
export interface StrictWindowStoreOptions<K, V> extends SegmentedStoreOptions<K, V> {
  /** The latest start of a window that was put. */
  written: StepClock;
}

/** See the top of this file. */
export class StrictWindowStore<K, V> extends TaskWindowStore<K, V> {
  readonly #written: StepClock;

  constructor(options: StrictWindowStoreOptions<K, V>) {
    super(options);
    this.#written = options.written;
  }

  override fetchTimestamped(key: K, windowStart: number): Timestamped<V> | undefined {
    return windowStart < this.#firstStart() ? undefined : super.fetchTimestamped(key, windowStart);
  }

  override put(key: K, value: V, windowStart: number, timestamp: number): void {
    super.put(key, value, windowStart, timestamp);
    this.#written.advance(windowStart);
  }

  override update(key: K, windowStart: number, timestamp: number, next: NextValue<V>): Timestamped<V> {
    // What has expired may still be there, and is not to be found.
    const updated =
      windowStart < this.#firstStart()
        ? { value: next(undefined, false), timestamp }
        : super.update(key, windowStart, timestamp, next);
    this.#written.advance(windowStart);
    return updated;
  }

  override *fetchRange(key: K, from: number, to: number): Generator<[number, V]> {
    yield* super.fetchRange(key, Math.max(from, this.#firstStart()), to);
  }

  override *fetchAll(from: number, to: number): Generator<[K, number, V]> {
    yield* super.fetchAll(Math.max(from, this.#firstStart()), to);
  }

  #firstStart(): number {
    return this.#written.time - this.options.retentionMs + 1;
  }
}
