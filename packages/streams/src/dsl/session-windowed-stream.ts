// SessionWindowedKStream: records of one key and session together, to be counted, reduced or aggregated.
import { oldAggregates } from '../operators/old-values.ts';
import type { Windowed } from '../api/record.ts';
import { numberSerde } from '../api/serde.ts';
import {
  sessionAggregate,
  type Merger,
  type SessionAggregation,
  type SessionWindows,
} from '../operators/session-aggregate.ts';
import { sessionView } from '../operators/table-view.ts';
import { lateOutput } from '../operators/window-aggregate.ts';
import { keyText } from '../api/key-text.ts';
import { emitOf, type EmitStrategy } from './emit-strategy.ts';
import { aggregating, countingSessions, reducingSessions } from './adders.ts';
import type { Dsl, StreamPlace } from './dsl.ts';
import type { WindowMaterialized } from './options.ts';
import { requireSerdes } from './require-serdes.ts';
import { sessionStore } from './session-store-spec.ts';
import type { KTable } from './table.ts';
import { sessionWindowedSerde } from './windowed-serde.ts';

/**
 * Records grouped by key and session: see {@link sessions}. A session's result comes out with each record
 * that joins it. When a record changes the bounds of a session, or joins two of them, the sessions as they
 * were are removed from the result first. The event time of a result is the end of its session.
 */
export class SessionWindowedKStream<K, V> {
  readonly #dsl: Dsl;
  readonly #place: StreamPlace<K, V>;
  readonly #windows: SessionWindows;
  readonly #strategy: EmitStrategy;

  /** @internal */
  constructor(dsl: Dsl, place: StreamPlace<K, V>, windows: SessionWindows, strategy: EmitStrategy) {
    this.#dsl = dsl;
    this.#place = place;
    this.#windows = windows;
    this.#strategy = strategy;
  }

  /** How many records each session has. */
  count(materialized: WindowMaterialized<K, V, number> = {}): KTable<Windowed<K>, number> {
    return this.#aggregate('count()', countingSessions, { value: numberSerde, ...materialized });
  }

  /**
   * Joins each value of a session into the one before; the first stands for itself. The values of two
   * sessions that become one are joined in the same way, the earlier session's first.
   * @throws FatalError with TOPOLOGY_INVALID where a serde is missing.
   */
  reduce(
    reducer: (aggregate: V, value: V) => V,
    materialized: WindowMaterialized<K, V, V> = {},
  ): KTable<Windowed<K>, V> {
    const { value } = this.#place;
    const options = { ...(value && { value }), ...materialized };
    return this.#aggregate('reduce()', reducingSessions(reducer), options);
  }

  /**
   * Joins each record of a session into an aggregate of another type. `merger` joins the aggregates of
   * sessions that become one, in the order of their ends: first of all an initial one with that of the first
   * session. Then the record is added.
   * @throws FatalError with TOPOLOGY_INVALID where a serde is missing.
   * @example
   * clicks.groupByKey().windowedBy(sessions({ gap: '30m', grace: '5m' })).aggregate<string[]>(
   *   () => [],
   *   (_user, page, pages) => [...pages, page],
   *   (_user, earlier, later) => [...earlier, ...later],
   *   { value: jsonSerde() },
   * )
   */
  aggregate<A>(
    initial: () => A,
    adder: (key: K, value: V, aggregate: A) => A,
    merger: Merger<K, A>,
    materialized: WindowMaterialized<K, V, A>,
  ): KTable<Windowed<K>, A> {
    const aggregation: SessionAggregation<K, V, A> = {
      initial,
      add: aggregating(initial, adder),
      merge: (key, earlier, later) => merger(key, earlier as A, later),
    };
    return this.#aggregate('aggregate()', aggregation, materialized);
  }

  /**
   * When results come out: `onWindowUpdate`, with each record (as without this step), or `onWindowClose`,
   * once for each session, when stream time is more than the gap and the grace past its end. Sessions that
   * close together come out in the order of their ends, then of their starts and keys.
   * As in Kafka Streams, sessions that stream time passes by far at once may not come out: use
   * {@link KTable.suppress} where that matters.
   * @example clicks.groupByKey().windowedBy(windows).emitStrategy('onWindowClose').count()
   */
  emitStrategy(strategy: EmitStrategy): SessionWindowedKStream<K, V> {
    return this.#dsl.sessionStream(this.#place, this.#windows, strategy);
  }

  #aggregate<A>(
    step: string,
    aggregation: SessionAggregation<K, V, A>,
    materialized: WindowMaterialized<K, V, A>,
  ): KTable<Windowed<K>, A> {
    const { graph } = this.#dsl;
    const { key, value } = requireSerdes(
      { key: materialized.key ?? this.#place.key, value: materialized.value },
      step,
    );
    const name = graph.name('KSTREAM-AGGREGATE');
    const store = graph.store(sessionStore(name, this.#windows, { ...materialized, key, value }));
    const emit = emitOf(this.#strategy, materialized.emit, step);
    const oldValues = oldAggregates();
    const textOf = keyText(key).write;
    const where = { store: store.name, windows: this.#windows, clock: store.name, emit, oldValues, textOf };
    const supplier = sessionAggregate<K, V, A>(where, aggregation);
    const parent = graph.processor(name, [this.#place.parent], supplier, [store.name]);
    materialized.onLate?.(this.#dsl.stream({ ...this.#place, parent: { node: name, output: lateOutput } }));
    const view = sessionView<K, A>(store.name);
    const windowed = { graceMs: this.#windows.gapMs + this.#windows.graceMs, keySerde: key };
    return this.#dsl.table({ parent, key: sessionWindowedSerde(key), value, oldValues, view, windowed });
  }
}
