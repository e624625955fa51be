// Keys in memory, in the order of time and of their text: what waits in a store, without its values.
import { compareKeys } from '../api/compare-keys.ts';

/** A key at a time. */
export interface TimedKey<K> {
  readonly time: number;
  readonly text: string;
  readonly key: K;
}

/** See the top of this file. */
export class SortedKeys<K> {
  readonly #keys: TimedKey<K>[] = [];

  get size(): number {
    return this.#keys.length;
  }

  /** The time of the last one; -1 where there is none. */
  get lastTime(): number {
    return this.#keys.at(-1)?.time ?? -1;
  }

  at(index: number): TimedKey<K> {
    return this.#keys[index] as TimedKey<K>;
  }

  /** The time of the nth one; infinite where there is none. */
  timeAt(index: number): number {
    return this.#keys[index]?.time ?? Number.POSITIVE_INFINITY;
  }

  /** Adds a key. Returns whether it was not there at this time. */
  add(time: number, text: string, key: K): boolean {
    const at = this.#find(time, text);
    if (this.#isAt(at, time, text)) return false;
    this.#keys.splice(at, 0, { time, text, key });
    return true;
  }

  /** Removes a key. Returns whether it was there at this time. */
  remove(time: number, text: string): boolean {
    const at = this.#find(time, text);
    if (!this.#isAt(at, time, text)) return false;
    this.#keys.splice(at, 1);
    return true;
  }

  /** How many there are before a time. */
  before(time: number): number {
    return this.#find(time, '');
  }

  /** Removes the first ones. */
  removeFirst(count: number): void {
    this.#keys.splice(0, count);
  }

  #isAt(index: number, time: number, text: string): boolean {
    const found = this.#keys[index];
    return found?.time === time && found.text === text;
  }

  /** Where a key is, or would be. */
  #find(time: number, text: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const found = this.at(middle);
      const order = found.time - time || compareKeys(found.text, text);
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
