// Records of an outer join that have found none of the other side yet: each waits until its window is closed.
// Source: Kafka Streams' KStreamKStreamJoin and its shared outer join store.
import { keyText } from '../api/key-text.ts';
import { partsSerde, readPart, textOf, writePart } from '../api/parts-serde.ts';
import type { ProcessorContext } from '../api/processor.ts';
import type { Serde } from '../api/serde.ts';
import type { KeyValueStore, StoreSpec } from '../api/stores.ts';
import { SortedKeys } from './sorted-keys.ts';
import type { JoinWindows } from './stream-join.ts';

/** Which stream of a join a record is of. */
export type Side = 'left' | 'right';

/** Where a record that waits is kept: in the order of time, side and key. */
export interface PendingKey<K> {
  readonly side: Side;
  readonly time: number;
  readonly key: K;
}

/** A record that waits. */
export interface PendingRecord<K> extends PendingKey<K> {
  readonly value: unknown;
}

/** Values of records that wait, or the clock of the join. */
type Stored = { readonly values: readonly unknown[] } | Clock;

/** What decides when records come out; committed with them, so that a crash changes nothing. */
interface Clock {
  /** The highest event time of both sides. */
  readonly streamTime: number;
  /** A time that no record is looked for before; infinite where none waits. */
  readonly minTime: number;
}

/** What {@link PendingJoins} keeps its records with. */
export interface PendingSpec<K> {
  store: string;
  keySerde: Serde<K>;
}

/** The clock is behind all records. */
const clockKey = 'clock';
const timeDigits = 16;
const sides = { right: '0', left: '1' } as const;

/** The declaration of the store that keeps the records of a join that wait. */
export function pendingStore<K, L, R>(
  name: string,
  { key, left, right, changelog }: { key: Serde<K>; left: Serde<L>; right: Serde<R>; changelog: boolean },
): StoreSpec {
  const keySerde = pendingKeySerde(key);
  return { name, kind: 'keyValue', keySerde, valueSerde: storedSerde(left, right), changelog };
}

/** See the top of this file. */
export class PendingJoins<K> {
  readonly #store: KeyValueStore<PendingKey<K> | undefined, Stored & { side?: Side }>;
  readonly #windows: JoinWindows;
  readonly #textOf: (key: K) => string;
  #records: { readonly [S in Side]: SortedKeys<K> } | undefined;
  #clock: Clock = { streamTime: -1, minTime: Number.POSITIVE_INFINITY };
  #hasMoved = false;

  constructor(
    { store, keySerde }: PendingSpec<K>,
    windows: JoinWindows,
    context: Pick<ProcessorContext<never, never>, 'keyValueStore' | 'onCommit'>,
  ) {
    this.#store = context.keyValueStore(store);
    this.#windows = windows;
    this.#textOf = keyText(keySerde).write;
    context.onCommit({
      beforeCommit: () => this.#keepClock(),
      afterAbort: () => {
        this.#records = undefined;
      },
    });
  }

  /** The highest event time of both sides. */
  get streamTime(): number {
    return this.#clock.streamTime;
  }

  /** Takes note of a record's event time. Called first for each record. */
  advance(time: number): void {
    this.#loaded();
    if (time > this.#clock.streamTime) this.#setClock({ ...this.#clock, streamTime: time });
  }

  /** Lets a record wait. */
  add({ side, key, time, value }: PendingRecord<K>): void {
    const isNew = this.#loaded()[side].add(time, this.#textOf(key), key);
    const at = { side, time, key };
    const stored = isNew ? undefined : this.#store.get(at);
    const values = stored && 'values' in stored ? [...stored.values, value] : [value];
    this.#store.put(at, { side, values }, time);
    if (time < this.#clock.minTime) this.#setClock({ ...this.#clock, minTime: time });
  }

  /** Those of a key and time wait no longer: they have been joined. */
  remove(at: PendingKey<K>): void {
    if (this.#loaded()[at.side].remove(at.time, this.#textOf(at.key))) this.#store.delete(at);
  }

  /**
   * Takes out, in order, the records whose windows are closed. Kafka Streams looks only where a record at the
   * earliest time would be closed by the window of the record being processed, `afterMs`, and that time is
   * the last one that it has looked at: so some come out later than they could.
   */
  takeClosed(afterMs: number, take: (record: PendingRecord<K>) => void): void {
    const { left, right } = this.#loaded();
    const { streamTime, minTime } = this.#clock;
    const { graceMs } = this.#windows;
    if (minTime + afterMs + graceMs >= streamTime) return;
    const closedLeft = left.before(streamTime - this.#windows.afterMs - graceMs);
    const closedRight = right.before(streamTime - this.#windows.beforeMs - graceMs);
    const lastLooked = this.#lastLooked(left, right, closedLeft, closedRight);
    if (lastLooked !== minTime) this.#setClock({ streamTime, minTime: lastLooked });
    for (let l = 0, r = 0; l < closedLeft || r < closedRight;) {
      const isLeft = r >= closedRight || (l < closedLeft && comesFirst(left.at(l), right.at(r)));
      const side = isLeft ? 'left' : 'right';
      const { time, key } = isLeft ? left.at(l++) : right.at(r++);
      const at = { side, time, key } as const;
      const stored = this.#store.get(at);
      if (!stored || !('values' in stored)) continue;
      for (const value of stored.values) take({ ...at, value });
      this.#store.delete(at);
    }
    left.removeFirst(closedLeft);
    right.removeFirst(closedRight);
  }

  /**
   * The time of the last record that is seen by who looks at all in order, and stops behind one that is open
   * on each side.
   */
  #lastLooked(left: SortedKeys<K>, right: SortedKeys<K>, closedLeft: number, closedRight: number): number {
    const end = Math.max(left.lastTime, right.lastTime);
    if (end < 0) return Number.POSITIVE_INFINITY;
    if (closedLeft >= left.size || closedRight >= right.size) return end;
    const [openLeft, openRight] = [left.at(closedLeft), right.at(closedRight)];
    const behind = comesFirst(openLeft, openRight)
      ? { side: 'right' as const, ...openRight }
      : { side: 'left' as const, ...openLeft };
    const stored = this.#store.get(behind);
    // Values of one key and time are seen one by one.
    if (stored && 'values' in stored && stored.values.length > 1) return behind.time;
    const next = comesFirst(openLeft, openRight)
      ? Math.min(right.timeAt(closedRight + 1), left.timeAt(left.before(openRight.time)))
      : Math.min(left.timeAt(closedLeft + 1), right.timeAt(right.before(openLeft.time + 1)));
    return next === Number.POSITIVE_INFINITY ? end : next;
  }

  #loaded(): { readonly [S in Side]: SortedKeys<K> } {
    if (this.#records) return this.#records;
    const records = { left: new SortedKeys<K>(), right: new SortedKeys<K>() };
    this.#clock = { streamTime: -1, minTime: Number.POSITIVE_INFINITY };
    this.#hasMoved = false;
    for (const [at, stored] of this.#store.all()) {
      if (at) records[at.side].add(at.time, this.#textOf(at.key), at.key);
      else if ('streamTime' in stored) this.#clock = stored;
    }
    return (this.#records = records);
  }

  #setClock(clock: Clock): void {
    this.#clock = clock;
    this.#hasMoved = true;
  }

  #keepClock(): void {
    if (!this.#records || !this.#hasMoved) return;
    this.#store.put(undefined, this.#clock, this.#clock.streamTime);
    this.#hasMoved = false;
  }
}

/** Whether a left record comes before a right one: by time, and at one time the right one is first. */
function comesFirst(left: { time: number }, right: { time: number }): boolean {
  return left.time < right.time;
}

/** Keys whose text is in the order of time, side and key; `undefined` is the key of the clock. */
function pendingKeySerde<K>(inner: Serde<K>): Serde<PendingKey<K> | undefined> {
  const head = ({ time, side }: PendingKey<K>): string =>
    String(time).padStart(timeDigits, '0') + sides[side];
  const read = (text: string): Omit<PendingKey<K>, 'key'> => ({
    time: Number(text.slice(0, timeDigits)),
    side: text[timeDigits] === sides.left ? 'left' : 'right',
  });
  if (inner.format === 'text') {
    return {
      format: 'text',
      serialize: (at) => (at ? head(at) + inner.serialize(at.key) : clockKey),
      deserialize: (text) =>
        text === clockKey ? undefined : { ...read(text), key: inner.deserialize(text.slice(timeDigits + 1)) },
    };
  }
  return {
    format: 'bytes',
    serialize: (at) =>
      at ? Buffer.concat([Buffer.from(head(at)), inner.serialize(at.key)]) : Buffer.from(clockKey),
    deserialize(bytes) {
      if (bytes.toString('latin1') === clockKey) return undefined;
      const key = inner.deserialize(bytes.subarray(timeDigits + 1));
      return { ...read(bytes.toString('latin1', 0, timeDigits + 1)), key };
    },
  };
}

function storedSerde<L, R>(left: Serde<L>, right: Serde<R>): Serde<unknown> {
  const of = (side: Side): Serde<unknown> => (side === 'left' ? left : right);
  return partsSerde<Stored & { side?: Side }>(
    [left, right],
    (stored) => {
      if ('streamTime' in stored) return [clockKey, String(stored.streamTime), String(stored.minTime)];
      const { side = 'left', values } = stored;
      return [side, ...values.map((value) => writePart(of(side), value))];
    },
    ([kind, ...parts]) => {
      const side = textOf(kind);
      if (side === clockKey)
        return { streamTime: Number(textOf(parts[0])), minTime: Number(textOf(parts[1])) };
      const own = side as Side;
      return { side: own, values: parts.map((part) => readPart(of(own), part)) };
    },
  );
}
