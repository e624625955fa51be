// The rows of a versioned table: the newest version of each key, and for a while those before it.
// Source: Kafka Streams' RocksDBVersionedStore.
import { partsSerde, readPart, textOf, writePart } from '../api/parts-serde.ts';
import type { Timestamped } from '../api/record.ts';
import type { Serde } from '../api/serde.ts';
import type { KeyValueStore, TimelineStore } from '../api/stores.ts';

/** A version that another has followed, kept at the time when it ended. */
export interface Version<V> {
  readonly validFrom: number;
  /** `undefined`: there was no row. */
  readonly value: V | undefined;
}

/** What became of a version: it is the newest, it is an earlier one, or it is too old to be kept. */
export type PutResult = 'latest' | 'earlier' | 'expired';

/** How versions are kept. */
export function versionSerde<V>(value: Serde<V>): Serde<Version<V>> {
  return partsSerde<Version<V>>(
    [value],
    (version) => [String(version.validFrom), writePart(value, version.value)],
    ([validFrom, part]) => ({ validFrom: Number(textOf(validFrom)), value: readPart(value, part) }),
  );
}

/** See the top of this file. */
export class VersionedRows<K, V> {
  readonly #latest: KeyValueStore<K, V>;
  /** Versions of which the next is known, at the time of that. */
  readonly #history: TimelineStore<K, Version<V>>;
  readonly #historyMs: number;

  constructor(latest: KeyValueStore<K, V>, history: TimelineStore<K, Version<V>>, historyMs: number) {
    this.#latest = latest;
    this.#history = history;
    this.#historyMs = historyMs;
  }

  /** The newest version of a key. */
  get(key: K): Timestamped<V> | undefined {
    return this.#latest.getTimestamped(key);
  }

  /** The version of a key at a time, as far as it is known: the newest at any time since it began. */
  getAsOf(key: K, time: number): Timestamped<V> | undefined {
    const latest = this.#latest.getTimestamped(key);
    if (latest && latest.timestamp <= time) return latest;
    if (time < this.#oldest()) return undefined;
    const version = this.#next(key, time);
    if (!version || version.validFrom > time || version.value === undefined) return undefined;
    return { value: version.value, timestamp: version.validFrom };
  }

  /** Writes a version; `undefined`: from this time on there is no row. */
  put(key: K, value: V | undefined, time: number): PutResult {
    if (time < this.#oldest()) return 'expired';
    this.#history.observe(time);
    const latest = this.#latest.getTimestamped(key);
    if (latest && time >= latest.timestamp) {
      if (time > latest.timestamp) this.#keep(key, latest.timestamp, latest.value, time);
      this.#setLatest(key, value, time);
      return 'latest';
    }
    const next = this.#next(key, time);
    if (next) {
      if (next.validFrom < time) this.#keep(key, next.validFrom, next.value, time);
      this.#keep(key, time, value, next.validFrom <= time ? next.end : next.validFrom);
      return 'earlier';
    }
    if (latest) {
      this.#keep(key, time, value, latest.timestamp);
      return 'earlier';
    }
    // That there is none from then on must be known, for versions that come late and are of a time before.
    if (value === undefined && this.#history.fetch(key, time, time).length === 0)
      this.#keep(key, time, value, time);
    this.#setLatest(key, value, time);
    return 'latest';
  }

  #oldest(): number {
    return this.#history.observedTime - this.#historyMs;
  }

  /** The version that a time is in, or the first one after it. */
  #next(key: K, time: number): (Version<V> & { end: number }) | undefined {
    const [next] = this.#history.fetch(key, time + 1, Number.MAX_SAFE_INTEGER);
    return next && { ...next.value, end: next.time };
  }

  #keep(key: K, validFrom: number, value: V | undefined, end: number): void {
    this.#history.replace(key, { validFrom, value }, end);
  }

  #setLatest(key: K, value: V | undefined, time: number): void {
    if (value === undefined) this.#latest.delete(key);
    else this.#latest.put(key, value, time);
  }
}
