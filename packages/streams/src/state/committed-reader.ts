// Reads of a store from outside its task: only what was committed is seen, never an open transaction.
import type { Serde } from '../api/serde.ts';
import { bufferedValueSerde } from './buffer-store.ts';
import type { CommittedState, KeyRange, Stored } from './committed-state.ts';
import { keyText, splitWindowed, windowsOf, windowSuffix, type KeyText } from '../api/key-text.ts';
import type { StoreSpec } from '../api/stores.ts';
import { sessionListSerde, type SessionList } from './session-list.ts';
import { segmentIntervalMs } from './segmented-store.ts';
import { storedValue } from './stored-data.ts';

/** A question to a store. `limit` bounds the rows of one task. */
export type StoreQuery =
  | { kind: 'get'; key: unknown }
  | { kind: 'range'; from: unknown; to: unknown; limit: number }
  | { kind: 'all'; limit: number }
  | { kind: 'fetch'; key: unknown; windowStart: number }
  | { kind: 'fetchRange'; key: unknown; from: number; to: number; limit: number }
  | { kind: 'fetchAll'; from: number; to: number; limit: number }
  | { kind: 'fetchSessions'; key: unknown; from: number; to: number; limit: number };

/**
 * One entry of an answer; `windowStart` is 0 for stores without windows, `windowEnd` is there for sessions.
 */
export interface StoreRow {
  key: unknown;
  value: unknown;
  timestamp: number;
  windowStart: number;
  windowEnd?: number;
}

/**
 * What of a store is read: windows that start between two times, of one key or of all, in a range of keys.
 */
interface Scan {
  key?: string;
  from?: number;
  to?: number;
  keys?: KeyRange;
}

/** Answers questions from the committed part of one task's store. */
export class CommittedReader {
  readonly #committed: CommittedState;
  readonly #isTimeline: boolean;
  readonly #windowed: boolean;
  readonly #keys: KeyText<unknown>;
  readonly #valueSerde: Serde<unknown>;
  readonly #interval: number;
  readonly #sessionSerde: Serde<SessionList<unknown>> | undefined;

  constructor(
    { kind, keySerde, valueSerde, segmentMs, retentionMs = 0 }: StoreSpec,
    committed: CommittedState,
  ) {
    this.#committed = committed;
    this.#isTimeline = kind === 'timeline';
    this.#windowed = kind === 'window';
    this.#sessionSerde = kind === 'session' ? sessionListSerde(valueSerde) : undefined;
    this.#keys = keyText(keySerde);
    this.#valueSerde = kind === 'buffer' ? bufferedValueSerde(valueSerde) : valueSerde;
    this.#interval = segmentMs ?? segmentIntervalMs(retentionMs);
  }

  read(query: StoreQuery): StoreRow[] {
    // Its entries are lists, which only one query takes apart.
    if (this.#sessionSerde && query.kind !== 'fetchSessions') return [];
    // Joins keep their records in these: nobody else knows what they mean.
    if (this.#isTimeline) return [];
    switch (query.kind) {
      case 'get':
        return this.#point(this.#committed.segments(), this.#keys.write(query.key));
      case 'fetch': {
        const segment = Math.floor(query.windowStart / this.#interval);
        return this.#point([segment], this.#keys.write(query.key) + windowSuffix(query.windowStart));
      }
      case 'all':
        return this.#scan(query.limit);
      case 'range': {
        const keys = { from: this.#keys.write(query.from), to: this.#keys.write(query.to) };
        return this.#scan(query.limit, { keys });
      }
      case 'fetchRange': {
        const key = this.#keys.write(query.key);
        const { from, to } = query;
        return this.#scan(query.limit, { key, from, to, keys: windowsOf(key, from, to) });
      }
      case 'fetchAll':
        return this.#scan(query.limit, query);
      case 'fetchSessions':
        return this.#sessions(query);
    }
  }

  #point(segments: readonly number[], text: string): StoreRow[] {
    for (const segment of segments.toReversed()) {
      const stored = this.#committed.get(segment, text);
      if (stored) return [this.#row(text, stored)];
    }
    return [];
  }

  #scan(limit: number, { key: wanted, from = 0, to = Number.MAX_SAFE_INTEGER, keys }: Scan = {}): StoreRow[] {
    const rows: StoreRow[] = [];
    const [first, last] = [Math.floor(from / this.#interval), Math.floor(to / this.#interval)];
    for (const segment of this.#committed.segments()) {
      if (this.#windowed && (segment < first || segment > last)) continue;
      for (const [text, stored] of this.#committed.entries(segment, keys)) {
        const { key, start } = this.#windowed ? splitWindowed(text) : { key: text, start: 0 };
        if (this.#windowed && (start < from || start > to)) continue;
        if (wanted !== undefined && key !== wanted) continue;
        rows.push(this.#row(text, stored));
        if (rows.length >= limit) return rows;
      }
    }
    return rows;
  }

  /** The sessions of a key that end at `from` or later and start at `to` or earlier. */
  #sessions({ key, from, to, limit }: StoreQuery & { kind: 'fetchSessions' }): StoreRow[] {
    const rows: StoreRow[] = [];
    if (!this.#sessionSerde) return rows;
    const text = this.#keys.write(key);
    for (const segment of this.#committed.segments()) {
      const stored = this.#committed.get(segment, text + windowSuffix(segment * this.#interval));
      if (!stored) continue;
      for (const { start, end, value } of storedValue(this.#sessionSerde, stored)) {
        if (end < from || start > to) continue;
        rows.push({ key, value, timestamp: end, windowStart: start, windowEnd: end });
        if (rows.length >= limit) return rows;
      }
    }
    return rows;
  }

  #row(text: string, stored: Stored): StoreRow {
    const { key, start } = this.#windowed ? splitWindowed(text) : { key: text, start: 0 };
    const value = storedValue(this.#valueSerde, stored);
    return { key: this.#keys.read(key), value, timestamp: stored.timestamp, windowStart: start };
  }
}
