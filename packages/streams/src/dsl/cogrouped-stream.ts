// Cogrouped streams: several streams of one key, aggregated together.
// Source: Kafka Streams' CogroupedStreamAggregateBuilder: a step for each stream, which share a store.
import { oldAggregates } from '../operators/old-values.ts';
import { aggregate, type Adder } from '../operators/aggregate.ts';
import { sessionAggregate, type Merger, type SessionWindows } from '../operators/session-aggregate.ts';
import type { SlidingWindows } from '../operators/sliding-aggregate.ts';
import { passThrough } from '../operators/stateless.ts';
import { keyValueView, sessionView, windowView } from '../operators/table-view.ts';
import { lateOutput, type TimeWindows } from '../operators/window-aggregate.ts';
import { keyText } from '../api/key-text.ts';
import type { Change, Windowed } from '../api/record.ts';
import type { ProcessorSupplier } from '../api/processor.ts';
import type { Serde } from '../api/serde.ts';
import type { Emit } from '../operators/aggregate.ts';
import type { Parent } from '../topology/topology.ts';
import { aggregating } from './adders.ts';
import type { Dsl, StreamPlace } from './dsl.ts';
import type { KGroupedStream } from './grouped-stream.ts';
import type { Materialized } from './options.ts';
import { requireSerdes } from './require-serdes.ts';
import { sessionStore } from './session-store-spec.ts';
import type { KStream } from './stream.ts';
import type { KTable } from './table.ts';
import { sizeOf, windowedStep, windowedStores, type FixedWindows } from './windowed-steps.ts';
import { sessionWindowedSerde, windowedSerde } from './windowed-serde.ts';

/** Joins a record of one of the streams into the aggregate that all of them share. */
export type CogroupAggregator<K, V, A> = (key: K, value: V, aggregate: A) => A;

/** One of the streams that are aggregated together. */
export interface CogroupInput<K, A> {
  readonly place: StreamPlace<K, never>;
  readonly add: CogroupAggregator<K, never, A>;
}

/**
 * How the windowed result of cogrouped streams is kept, and what happens to late records.
 * The store keeps windows for their size and grace.
 */
export interface CogroupMaterialized<K, V, A> extends Materialized<K, A> {
  /**
   * Gets the records that were too late for every window of theirs, in the same transaction. It is called
   * once for each of the streams, in the order in which they were cogrouped: each has its own serdes.
   * @example onLate: (late, index) => late.to(index === 0 ? 'late-clicks' : 'late-orders')
   */
  onLate?: (late: KStream<K, V>, index: number) => void;
}

type LateOf<K, V> = CogroupMaterialized<K, V, never>['onLate'];

/** The streams, and the declaration of a step for each of them. */
class Inputs<K, A, V> {
  readonly dsl: Dsl;
  readonly all: readonly CogroupInput<K, A>[];

  constructor(dsl: Dsl, all: readonly CogroupInput<K, A>[]) {
    this.dsl = dsl;
    this.all = all;
  }

  serdes(materialized: Materialized<K, A>): { key: Serde<K>; value: Serde<A> } {
    const known = this.all.find(({ place }) => place.key)?.place.key;
    return requireSerdes({ key: materialized.key ?? known, value: materialized.value }, 'cogroup()');
  }

  /** A step for each stream, and one that joins what they pass on. `emit` is for the first: they share. */
  steps<KO>(
    names: readonly string[],
    stores: readonly string[],
    initial: () => A,
    emit: Emit,
    supplier: (
      add: Adder<K, never, A>,
      index: number,
      emit: Emit | 'elsewhere',
    ) => ProcessorSupplier<K, never, KO, Change<A>>,
  ): Parent {
    const { graph } = this.dsl;
    const parents = this.all.map(({ place, add }, index) => {
      const own = emit === 'commit' && index > 0 ? 'elsewhere' : emit;
      const step = supplier(aggregating(initial, add), index, own);
      return graph.processor(names[index] as string, [place.parent], step, stores);
    });
    const merge = graph.name('COGROUPKSTREAM-MERGE');
    return graph.processor(merge, parents, passThrough<KO, Change<A>>());
  }

  /** Gives the late records of each stream, of its own step, to whoever wants them. */
  giveLate(names: readonly string[], onLate: LateOf<K, V>): void {
    for (const [index, { place }] of this.all.entries()) {
      const parent = { node: names[index] as string, output: lateOutput };
      onLate?.(this.dsl.stream<K, V>({ ...(place as StreamPlace<K, V>), parent }), index);
    }
  }

  names(): string[] {
    return this.all.map(() => this.dsl.graph.name('COGROUPKSTREAM-AGGREGATE'));
  }
}

/**
 * Streams of one key that are aggregated together: see {@link KGroupedStream.cogroup}. Their topics must have
 * equally many partitions.
 */
export class CogroupedKStream<K, A, V> {
  readonly #inputs: Inputs<K, A, V>;

  /** @internal */
  constructor(dsl: Dsl, inputs: readonly CogroupInput<K, A>[]) {
    this.#inputs = new Inputs(dsl, inputs);
  }

  /** One more stream, with an aggregator of its own. */
  cogroup<VO>(
    grouped: KGroupedStream<K, VO>,
    aggregator: CogroupAggregator<K, VO, A>,
  ): CogroupedKStream<K, A, V | VO> {
    const input = { place: grouped.place as StreamPlace<K, never>, add: aggregator };
    return new CogroupedKStream(this.#inputs.dsl, [...this.#inputs.all, input]);
  }

  /**
   * Aggregates the records of all streams by key, over all time.
   * @throws FatalError with TOPOLOGY_INVALID where a serde is missing.
   */
  aggregate(initial: () => A, materialized: Materialized<K, A>): KTable<K, A> {
    const { dsl } = this.#inputs;
    const { key, value } = this.#inputs.serdes(materialized);
    const names = this.#inputs.names();
    const store = dsl.graph.store({
      name: materialized.store ?? `${names[0]}-store`,
      kind: 'keyValue',
      keySerde: key,
      valueSerde: value,
      changelog: materialized.changelog ?? true,
    }).name;
    const oldValues = oldAggregates();
    const { emit = 'update' } = materialized;
    const parent = this.#inputs.steps<K>(names, [store], initial, emit, (add, _index, own) =>
      aggregate(store, add, { emit: own, oldValues }),
    );
    return dsl.table({ parent, key, value, oldValues, view: keyValueView<K, A>(store) });
  }

  /** Groups by window too. Each stream decides by its own times what is late. */
  windowedBy(windows: TimeWindows | SlidingWindows): TimeWindowedCogroupedKStream<K, A, V>;
  windowedBy(windows: SessionWindows): SessionWindowedCogroupedKStream<K, A, V>;
  windowedBy(
    windows: FixedWindows | SessionWindows,
  ): TimeWindowedCogroupedKStream<K, A, V> | SessionWindowedCogroupedKStream<K, A, V> {
    if ('gapMs' in windows) return new SessionWindowedCogroupedKStream(this.#inputs, windows);
    return new TimeWindowedCogroupedKStream(this.#inputs, windows);
  }
}

/** Cogrouped streams by key and window. */
export class TimeWindowedCogroupedKStream<K, A, V> {
  readonly #inputs: Inputs<K, A, V>;
  readonly #windows: FixedWindows;

  /** @internal */
  constructor(inputs: Inputs<K, A, V>, windows: FixedWindows) {
    this.#inputs = inputs;
    this.#windows = windows;
  }

  /** Aggregates the records of all streams by key and window. @throws FatalError where a serde is missing. */
  aggregate(initial: () => A, materialized: CogroupMaterialized<K, V, A>): KTable<Windowed<K>, A> {
    const { dsl } = this.#inputs;
    const windows = this.#windows;
    const { key, value } = this.#inputs.serdes(materialized);
    const names = this.#inputs.names();
    const kept = { ...materialized, key, value };
    const stores = windowedStores(dsl.graph, names[0] as string, windows, kept, false);
    const { name: store } = stores.results;
    const used = [store, ...(stores.starts ? [stores.starts.name] : [])];
    const oldValues = oldAggregates();
    const textOf = keyText(key).write;
    const { emit = 'update' } = materialized;
    const parent = this.#inputs.steps<Windowed<K>>(names, used, initial, emit, (add, index, own) =>
      windowedStep(windows, stores, { clock: `${store}/${index}`, emit: own, oldValues, textOf }, add),
    );
    this.#inputs.giveLate(names, materialized.onLate);
    const size = sizeOf(windows);
    const view = windowView<K, A>(store);
    const windowed = { graceMs: windows.graceMs, keySerde: key };
    return dsl.table({ parent, key: windowedSerde(key, size), value, oldValues, view, windowed });
  }
}

/** Cogrouped streams by key and session. */
export class SessionWindowedCogroupedKStream<K, A, V> {
  readonly #inputs: Inputs<K, A, V>;
  readonly #windows: SessionWindows;

  /** @internal */
  constructor(inputs: Inputs<K, A, V>, windows: SessionWindows) {
    this.#inputs = inputs;
    this.#windows = windows;
  }

  /**
   * Aggregates the records of all streams by key and session; see {@link SessionWindowedKStream.aggregate}
   * for `merger`. @throws FatalError where a serde is missing.
   */
  aggregate(
    initial: () => A,
    merger: Merger<K, A>,
    materialized: CogroupMaterialized<K, V, A>,
  ): KTable<Windowed<K>, A> {
    const { dsl } = this.#inputs;
    const windows = this.#windows;
    const { key, value } = this.#inputs.serdes(materialized);
    const names = this.#inputs.names();
    const kept = { ...materialized, key, value };
    const { name: store } = dsl.graph.store(sessionStore(names[0] as string, windows, kept));
    const oldValues = oldAggregates();
    const textOf = keyText(key).write;
    const { emit = 'update' } = materialized;
    const merge = (of: K, earlier: A | undefined, later: A): A => merger(of, earlier as A, later);
    const parent = this.#inputs.steps<Windowed<K>>(names, [store], initial, emit, (add, index, own) =>
      sessionAggregate(
        { store, windows, clock: `${store}/${index}`, emit: own, oldValues, textOf },
        { initial, add, merge },
      ),
    );
    this.#inputs.giveLate(names, materialized.onLate);
    const view = sessionView<K, A>(store);
    const windowed = { graceMs: windows.gapMs + windows.graceMs, keySerde: key };
    return dsl.table({ parent, key: sessionWindowedSerde(key), value, oldValues, view, windowed });
  }
}
