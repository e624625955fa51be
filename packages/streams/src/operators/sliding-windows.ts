// What a record changes in the sliding windows of its key.
// Source: Kafka Streams' KStreamSlidingWindowAggregate (KIP-450), its order of results included.
import type { Timestamped } from '../api/record.ts';

/** A window that has an aggregate; its time is that of the newest record in it. */
export interface SlidingWindow<A> extends Timestamped<A> {
  readonly start: number;
}

/** A window's new aggregate. */
export interface SlidingChange<A> {
  readonly start: number;
  readonly newValue: A;
  /** undefined: the window is new. */
  readonly oldValue: A | undefined;
  readonly timestamp: number;
}

/** A record among the windows of its key. Times in milliseconds. */
export interface SlidingRecord<A> {
  readonly timestamp: number;
  /** The windows' time difference: both bounds are included. */
  readonly size: number;
  /** Windows that end before this time take no record. */
  readonly closed: number;
  /** The windows that start between two times, latest first. */
  readonly find: (from: number, to: number) => SlidingWindow<A>[];
  /** Adds the record to an aggregate. */
  readonly add: (aggregate: A | undefined) => A;
}

/**
 * The windows that a record changes or makes: those that it is in, the one that ends with it, the one that
 * begins just after it where that has records, and the one that begins just after the record before it.
 */
export function slidingChanges<A>(record: SlidingRecord<A>): SlidingChange<A>[] {
  return record.timestamp < record.size ? earlyChanges(record) : wholeChanges(record);
}

function wholeChanges<A>({ timestamp, size, find, ...rest }: SlidingRecord<A>): SlidingChange<A>[] {
  const changes = new Changes({ timestamp, size, ...rest });
  const known = new Set<number>();
  let right: SlidingWindow<A> | undefined;
  let left: SlidingWindow<A> | undefined;
  let previous: number | undefined;
  let hasLeft = false;
  let hasRight = false;
  for (const window of find(timestamp - 2 * size, timestamp + 1)) {
    const end = window.start + size;
    known.add(window.start);
    if (window.start === timestamp + 1) {
      hasRight = true;
    } else if (end > timestamp) {
      right ??= window;
      changes.update(window);
    } else if (end === timestamp) {
      hasLeft = true;
      changes.update(window);
      // A record of this very time made all the windows that there are to make.
      if (window.timestamp >= timestamp) return changes.all;
      previous = window.timestamp;
    } else {
      left = window;
      previous = window.timestamp;
      break;
    }
  }
  if (previous !== undefined && !known.has(previous + 1) && previous + 1 + size >= timestamp)
    changes.create(previous + 1, undefined);
  if (!hasLeft) {
    const isShared = previous !== undefined && previous >= timestamp - size;
    changes.create(timestamp - size, isShared ? left?.value : undefined);
  }
  if (!hasRight) changes.copyAfter(right);
  return changes.all;
}

/** Of a record that no whole window ends with: it is in the window that begins at 0. */
function earlyChanges<A>({ timestamp, size, find, ...rest }: SlidingRecord<A>): SlidingChange<A>[] {
  const changes = new Changes({ timestamp, size, ...rest });
  const known = new Set<number>();
  let combined: SlidingWindow<A> | undefined;
  let right: SlidingWindow<A> | undefined;
  let previous: number | undefined;
  for (const window of find(0, timestamp + 1).toReversed()) {
    known.add(window.start);
    if (window.start === 0) {
      combined = window;
      if (window.timestamp < timestamp) previous = window.timestamp;
    } else if (window.start <= timestamp) {
      right = window;
      changes.update(window);
    }
  }
  if (!right && combined && combined.timestamp > timestamp) right = combined;
  if (!known.has(timestamp + 1)) changes.copyAfter(right);
  if (previous !== undefined && !known.has(previous + 1)) changes.create(previous + 1, undefined);
  if (combined) changes.update(combined);
  else changes.create(0, undefined);
  return changes.all;
}

class Changes<A> {
  readonly all: SlidingChange<A>[] = [];
  readonly #record: Omit<SlidingRecord<A>, 'find'>;

  constructor(record: Omit<SlidingRecord<A>, 'find'>) {
    this.#record = record;
  }

  /** Adds the record to a window that is there. */
  update({ start, value, timestamp }: SlidingWindow<A>): void {
    const newest = Math.max(timestamp, this.#record.timestamp);
    if (this.#isOpen(start)) this.#push(start, this.#record.add(value), value, newest);
  }

  /** Makes a window of the record, and of what else is in it. */
  create(start: number, others: A | undefined): void {
    const { add, timestamp } = this.#record;
    // Kafka Streams gives it twice where it ends with this record and begins just after the one before.
    const given = this.all.find((change) => change.start === start)?.newValue;
    if (this.#isOpen(start)) this.#push(start, add(others), given, timestamp);
  }

  /**
   * Makes the window that begins just after the record, where a window has anything later than the record.
   */
  copyAfter(window: SlidingWindow<A> | undefined): void {
    const { timestamp } = this.#record;
    if (window && window.timestamp > timestamp)
      this.#push(timestamp + 1, window.value, undefined, window.timestamp);
  }

  #isOpen(start: number): boolean {
    return start + this.#record.size >= this.#record.closed;
  }

  #push(start: number, newValue: A, oldValue: A | undefined, timestamp: number): void {
    this.all.push({ start, newValue, oldValue, timestamp });
  }
}
