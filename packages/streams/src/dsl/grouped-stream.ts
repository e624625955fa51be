// Grouped streams: records of one key together, to be counted,
// reduced or aggregated, over all time or by window.
import { oldAggregates } from '../operators/old-values.ts';
import { aggregate, type Adder } from '../operators/aggregate.ts';
import { milliseconds, type Duration } from '../api/duration.ts';
import { countsSerde, rollingCount, rollingCountState } from '../operators/rolling-count.ts';
import { keyValueView } from '../operators/table-view.ts';
import type { SlidingWindows } from '../operators/sliding-aggregate.ts';
import type { SessionWindows } from '../operators/session-aggregate.ts';
import { lateOutput, type TimeWindows } from '../operators/window-aggregate.ts';
import { aggregating, counting, reducing } from './adders.ts';
import { numberSerde, stringSerde, type Serde } from '../api/serde.ts';
import { FatalError } from '../api/errors.ts';
import { keyText } from '../api/key-text.ts';
import type { CogroupAggregator, CogroupedKStream } from './cogrouped-stream.ts';
import type { Dsl, StreamPlace } from './dsl.ts';
import type { Materialized, Named } from './options.ts';
import type { StatefulStream } from './stateful-stream.ts';
import { requireSerdes } from './require-serdes.ts';
import type { KStream } from './stream.ts';
import type { KTable } from './table.ts';
import type { SessionWindowedKStream } from './session-windowed-stream.ts';
import type { TimeWindowedKStream } from './time-windowed-stream.ts';

/** Options of {@link KGroupedStream.rollingCount}. */
export interface RollingCountOptions<K, V> extends Named {
  /** The lengths of time to count over. */
  last: readonly Duration[];
  /**
   * How exactly records leave, and how often that is looked at;
   * a second unless given. State grows as it gets finer.
   */
  resolution?: Duration;
  /** The key's serde, where no step before named one. */
  key?: Serde<K>;
  /** Gets the records that were older than every length when they came, in the same transaction. */
  onLate?: (late: KStream<K, V>) => void;
}

/**
 * Records grouped by key: see {@link KStream.groupByKey}. Records without a key or a value are dropped, and
 * counted as such.
 */
export class KGroupedStream<K, V> {
  readonly #dsl: Dsl;
  readonly #place: StreamPlace<K, V>;

  /** @internal */
  constructor(dsl: Dsl, place: StreamPlace<K, V>) {
    this.#dsl = dsl;
    this.#place = place;
  }

  /** Where this stream stands; for other steps of the DSL. @internal */
  get place(): StreamPlace<K, V> {
    return this.#place;
  }

  /**
   * How many records each key has had, over all time.
   * The result's event time is the highest that went into it.
   * @example words.groupByKey().count({ store: 'word-counts' })
   */
  count(materialized: Materialized<K, number> = {}): KTable<K, number> {
    return this.#aggregate('count()', counting, { value: numberSerde, ...materialized });
  }

  /**
   * Joins each value into the one before; the first value stands for itself.
   * @throws FatalError with TOPOLOGY_INVALID where a serde is missing.
   * @example amounts.groupByKey().reduce((sum, amount) => sum + amount)
   */
  reduce(reducer: (aggregate: V, value: V) => V, materialized: Materialized<K, V> = {}): KTable<K, V> {
    const { value } = this.#place;
    return this.#aggregate('reduce()', reducing(reducer), { ...(value && { value }), ...materialized });
  }

  /**
   * Joins each record into an aggregate of another type. The adder returns the new aggregate; it should not
   * change the old one, which others may still be shown as the value before.
   * @throws FatalError with TOPOLOGY_INVALID where a serde is missing.
   * @example
   * stream.groupByKey().aggregate(() => ({ n: 0 }), (_key, _value, { n }) => ({ n: n + 1 }), { value:
   * jsonSerde() })
   */
  aggregate<A>(
    initial: () => A,
    adder: (key: K, value: V, aggregate: A) => A,
    materialized: Materialized<K, A>,
  ): KTable<K, A> {
    return this.#aggregate('aggregate()', aggregating(initial, adder), materialized);
  }

  /**
   * How many records each key has had in the latest span of time: counts that fall again as records leave,
   * though nothing more arrives. A key's counts come out whenever one of its records comes or leaves, in the
   * order of `last`; all zeros are the last a key says. Time is the later of stream time and the time of day:
   * an old input that is read again is counted as old. A key can be forgotten: see {@link StepState}. Not in
   * Kafka Streams.
   * @throws FatalError with TOPOLOGY_INVALID without a length, or where the key's serde is missing.
   * @example groupByKey().rollingCount({ last: ['5m', '1h', '24h'] })
   */
  rollingCount({
    last,
    resolution = '1s',
    name: given,
    key: keySerde,
    onLate,
  }: RollingCountOptions<K, V>): StatefulStream<K, number[]> {
    const { graph } = this.#dsl;
    const { key } = requireSerdes({ key: keySerde ?? this.#place.key }, 'rollingCount()');
    const name = graph.name('KSTREAM-ROLLING-COUNT', given);
    const lengthsMs = last.map(milliseconds);
    const resolutionMs = milliseconds(resolution);
    if (lengthsMs.length === 0 || resolutionMs < 1) {
      throw new FatalError(
        'TOPOLOGY_INVALID',
        'rollingCount() needs at least one length and a resolution of 1 ms or more',
      );
    }
    const buckets = graph.store({
      name: `${name}-buckets`,
      kind: 'window',
      keySerde: key,
      valueSerde: numberSerde,
      retentionMs: Math.max(...lengthsMs) + 2 * resolutionMs,
      segmentMs: resolutionMs,
      expiry: 'manual',
      // A bucket is read when it leaves a length, long after it was written.
      cached: false,
      changelog: true,
    });
    const counts = graph.store({
      name: `${name}-counts`,
      kind: 'keyValue',
      keySerde: key,
      valueSerde: countsSerde,
      changelog: true,
    });
    const cursors = graph.store({
      name: `${name}-cursors`,
      kind: 'keyValue',
      keySerde: stringSerde,
      valueSerde: numberSerde,
      changelog: true,
    });
    const textOf = keyText(key).write;
    const spec = { buckets, counts, cursors, textOf, lengthsMs, resolutionMs };
    const state = rollingCountState<K>(spec);
    const parent = graph.processor(
      name,
      [this.#place.parent],
      rollingCount<K, V>(spec),
      state.stores.map((store) => store.name),
    );
    onLate?.(this.#dsl.stream({ ...this.#place, parent: { node: name, output: lateOutput } }));
    return this.#dsl.statefulStream({ parent, key, value: countsSerde, keyChanged: false }, state);
  }

  /**
   * Groups by window too: see {@link tumbling}, {@link hopping}, {@link sliding}, {@link sessions}.
   * @example clicks.groupByKey().windowedBy(tumbling({ size: '1m', grace: '10m' })).count()
   * @example clicks.groupByKey().windowedBy(sessions({ gap: '30m', grace: '5m' })).count()
   */
  windowedBy(windows: TimeWindows | SlidingWindows): TimeWindowedKStream<K, V>;
  windowedBy(windows: SessionWindows): SessionWindowedKStream<K, V>;
  windowedBy(
    windows: TimeWindows | SlidingWindows | SessionWindows,
  ): TimeWindowedKStream<K, V> | SessionWindowedKStream<K, V> {
    if ('gapMs' in windows) return this.#dsl.sessionStream(this.#place, windows);
    return this.#dsl.windowedStream(this.#place, windows);
  }

  /**
   * Aggregates this stream together with others of the same key: each has an aggregator of its own, and all
   * of them share the aggregate.
   * @example
   * clicks.groupByKey()
   *   .cogroup<Visit>((_user, click, visit) => ({ ...visit, clicks: visit.clicks + 1 }))
   *   .cogroup(orders.groupByKey(), (_user, order, visit) => ({ ...visit, paid: visit.paid + order.amount }))
   *   .aggregate(() => ({ clicks: 0, paid: 0 }), { value: jsonSerde() })
   */
  cogroup<A>(aggregator: CogroupAggregator<K, V, A>): CogroupedKStream<K, A, V> {
    return this.#dsl.cogroupedStream([{ place: this.#place as StreamPlace<K, never>, add: aggregator }]);
  }

  #aggregate<A>(step: string, add: Adder<K, V, A>, materialized: Materialized<K, A>): KTable<K, A> {
    const { graph } = this.#dsl;
    const { key, value } = requireSerdes(
      { key: materialized.key ?? this.#place.key, value: materialized.value },
      step,
    );
    const name = graph.name('KSTREAM-AGGREGATE');
    const output = { emit: materialized.emit ?? 'update', oldValues: oldAggregates() } as const;
    const store = graph.store({
      name: materialized.store ?? `${name}-store`,
      kind: 'keyValue',
      keySerde: key,
      valueSerde: value,
      changelog: materialized.changelog ?? true,
    });
    const supplier = aggregate(store.name, add, output);
    const parent = graph.processor(name, [this.#place.parent], supplier, [store.name]);
    const view = keyValueView<K, A>(store.name);
    return this.#dsl.table({ parent, key, value, oldValues: output.oldValues, view });
  }
}
