// A heap of keys by time: the next one is found at once, and one that was removed is passed over.
import { compareKeys } from './compare-keys.ts';

/** A key that waits for a time. */
export interface Waiting {
  readonly time: number;
  /** Orders entries of one time. */
  readonly key: string;
  /** Whether it was removed since it was added. */
  gone?: boolean;
}

/** Compares by time, then by key. */
export function compareWaiting(a: Waiting, b: Waiting): number {
  return a.time - b.time || compareKeys(a.key, b.key);
}

/** See the top of this file. */
export class TimeHeap<E extends Waiting> {
  #heap: E[] = [];
  #gone = 0;

  /** How many entries there are. */
  get size(): number {
    return this.#heap.length - this.#gone;
  }

  /** The smallest entry. */
  first(): E | undefined {
    while (this.#heap[0]?.gone === true) {
      this.#removeFirst();
      this.#gone--;
    }
    return this.#heap[0];
  }

  add(entry: E): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (compareWaiting(heap[above] as E, entry) <= 0) break;
      heap[at] = heap[above] as E;
      at = above;
    }
    heap[at] = entry;
  }

  /** Removes an entry that was added. */
  remove(entry: E): void {
    if (entry.gone === true) return;
    entry.gone = true;
    this.#gone++;
    if (this.#gone <= 32 || this.#gone * 2 <= this.#heap.length) return;
    // A sorted array is a heap.
    this.#heap = this.sorted();
    this.#gone = 0;
  }

  /** Every entry, smallest first. */
  sorted(): E[] {
    return this.#heap.filter(({ gone }) => gone !== true).toSorted(compareWaiting);
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop() as E;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && compareWaiting(heap[below + 1] as E, heap[below] as E) < 0) below++;
      if (compareWaiting(heap[below] as E, last) >= 0) break;
      heap[at] = heap[below] as E;
      at = below;
    }
    heap[at] = last;
  }
}
