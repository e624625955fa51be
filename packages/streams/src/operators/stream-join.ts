// Joins of two streams within windows: each record is joined with those of the other side that are near it in
// time, then kept for those that come later.
// Source: Kafka Streams' KStreamKStreamJoin and KStreamJoinWindow.
import type { Processor, ProcessorContext, ProcessorSupplier } from '../api/processor.ts';
import type { StreamRecord } from '../api/record.ts';
import type { TimelineStore } from '../api/stores.ts';
import { isAbsent } from './aggregate.ts';
import { PendingJoins, type PendingSpec, type Side } from './pending-joins.ts';

/**
 * How far apart in event time two records may be that are joined: what {@link joinWindows} returns. The right
 * record is at most `beforeMs` earlier than the left one, or `afterMs` later. All in milliseconds.
 */
export interface JoinWindows {
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly graceMs: number;
}

/** Makes one value of two; `key` is that of the records. */
export type ValueJoiner<K, V1, V2, VO> = (left: V1, right: V2, key: K) => VO;

/** A value of one of two streams that are joined. */
export interface Sided<V> {
  readonly side: Side;
  readonly value: V;
}

/** A join of two streams. */
export interface StreamJoinSpec<K, VO> {
  windows: JoinWindows;
  joiner: ValueJoiner<K, unknown, unknown, VO>;
  /** The stores that keep the records of each side. */
  stores: { readonly [S in Side]: string };
  /** Whether a record of a side comes out alone where it finds none of the other. */
  outer: { readonly [S in Side]: boolean };
  /** Records that wait for their window to close; undefined in inner joins. */
  pending: PendingSpec<K> | undefined;
}

/** Marks the records of one side. */
export function sided<K, V>(side: Side): ProcessorSupplier<K, V, K, Sided<V>> {
  return function createSided(): Processor<K, V, K, Sided<V>> {
    let context: ProcessorContext<K, Sided<V>>;
    return {
      init(given) {
        context = given;
      },
      process({ key, value, timestamp, headers }) {
        context.forward({ key, value: { side, value }, timestamp, headers });
      },
    };
  };
}

/**
 * Joins records of two sides. Records without a value are dropped, and those without a key in inner joins.
 */
export function streamJoin<K, VO>(spec: StreamJoinSpec<K, VO>): ProcessorSupplier<K, Sided<unknown>, K, VO> {
  const { windows, joiner, stores, outer } = spec;
  const others: { readonly [S in Side]: Side } = { left: 'right', right: 'left' };
  const before = { left: windows.beforeMs, right: windows.afterMs };
  const after = { left: windows.afterMs, right: windows.beforeMs };
  const joined = (side: Side, own: unknown, other: unknown, key: K): VO =>
    side === 'left' ? joiner(own, other, key) : joiner(other, own, key);

  return function createStreamJoin(): Processor<K, Sided<unknown>, K, VO> {
    let context: ProcessorContext<K, VO>;
    let kept: { readonly [S in Side]: TimelineStore<K, unknown> };
    let pending: PendingJoins<K> | undefined;

    function emitClosed({ headers }: StreamRecord<K, unknown>, side: Side): void {
      pending?.takeClosed(after[side], (record) => {
        const { key, time, value } = record;
        const alone = joined(record.side, value, undefined, key);
        context.forwardAlone({ key, value: alone, timestamp: time, headers });
      });
    }

    /** Passes on what a record makes with those of the other side. Returns whether there is any. */
    function joinWithOthers(record: StreamRecord<K, Sided<unknown>>): boolean {
      const { key, timestamp, headers } = record;
      const { side, value } = record.value;
      const other = others[side];
      const from = Math.max(0, timestamp - before[side]);
      const found = kept[other].fetch(key, from, Math.max(0, timestamp + after[side]));
      for (const { time, value: otherValue } of found) {
        pending?.remove({ side: other, key, time });
        const both = joined(side, value, otherValue, key);
        context.forward({ key, value: both, timestamp: Math.max(timestamp, time), headers });
      }
      return found.length > 0;
    }

    function process(record: StreamRecord<K, Sided<unknown>>): void {
      const { key, timestamp, headers } = record;
      const { side, value } = record.value;
      pending?.advance(timestamp);
      const alone = (): void =>
        context.forward({ key, value: joined(side, value, undefined, key), timestamp, headers });
      if (isAbsent(value) || (isAbsent(key) && !outer[side])) {
        context.dropped('null-key-or-value');
        return;
      }
      if (isAbsent(key)) {
        alone();
        return;
      }
      if (timestamp === pending?.streamTime) emitClosed(record, side);
      if (!joinWithOthers(record) && outer[side]) {
        const isClosed = !pending || Math.max(0, timestamp + after[side]) < pending.streamTime;
        if (isClosed) alone();
        else pending?.add({ side, key, time: timestamp, value });
      }
      if (!kept[side].put(key, value, timestamp)) context.late();
    }

    return {
      init(given) {
        context = given;
        kept = { left: given.timelineStore(stores.left), right: given.timelineStore(stores.right) };
        pending = spec.pending && new PendingJoins(spec.pending, windows, given);
      },
      process,
    };
  };
}
