// TimeWindowedKStream: records of one key and window together, to be counted, reduced or aggregated.
import { oldAggregates } from '../operators/old-values.ts';
import type { Adder, AggregateOutput } from '../operators/aggregate.ts';
import { windowView } from '../operators/table-view.ts';
import { lateOutput, windowAggregate, type TimeWindows } from '../operators/window-aggregate.ts';
import type { Windowed } from '../api/record.ts';
import { numberSerde } from '../api/serde.ts';
import { aggregating, counting, reducing } from './adders.ts';
import type { WindowStep } from '../operators/window-output.ts';
import type { Parent } from '../topology/topology.ts';
import { keyText } from '../api/key-text.ts';
import type { Dsl, StreamPlace } from './dsl.ts';
import { emitOf, type EmitStrategy } from './emit-strategy.ts';
import type { WindowMaterialized } from './options.ts';
import { requireSerdes } from './require-serdes.ts';
import type { KTable } from './table.ts';
import {
  sizeOf,
  windowedStep,
  windowedStores,
  type FixedWindows,
  type WindowedResult,
} from './windowed-steps.ts';
import { windowedSerde } from './windowed-serde.ts';

/**
 * Records grouped by key and window: see {@link KGroupedStream.windowedBy}. A window takes records until
 * stream time has reached its end plus the grace; its result comes out with each of them, and is final when
 * the window is closed.
 */
export class TimeWindowedKStream<K, V> {
  readonly #dsl: Dsl;
  readonly #place: StreamPlace<K, V>;
  readonly #windows: FixedWindows;
  readonly #strategy: EmitStrategy;

  /** @internal */
  constructor(dsl: Dsl, place: StreamPlace<K, V>, windows: FixedWindows, strategy: EmitStrategy) {
    this.#dsl = dsl;
    this.#place = place;
    this.#windows = windows;
    this.#strategy = strategy;
  }

  /** How many records each key has had in each window. */
  count(materialized: WindowMaterialized<K, V, number> = {}): KTable<Windowed<K>, number> {
    return this.#aggregate('count()', counting, { value: numberSerde, ...materialized });
  }

  /**
   * Joins each value of a window into the one before; the first stands for itself. @throws FatalError where a
   * serde is missing.
   */
  reduce(
    reducer: (aggregate: V, value: V) => V,
    materialized: WindowMaterialized<K, V, V> = {},
  ): KTable<Windowed<K>, V> {
    const { value } = this.#place;
    return this.#aggregate('reduce()', reducing(reducer), { ...(value && { value }), ...materialized });
  }

  /**
   * Joins each record of a window into an aggregate of another type.
   * @throws FatalError where a serde is missing.
   */
  aggregate<A>(
    initial: () => A,
    adder: (key: K, value: V, aggregate: A) => A,
    materialized: WindowMaterialized<K, V, A>,
  ): KTable<Windowed<K>, A> {
    return this.#aggregate('aggregate()', aggregating(initial, adder), materialized);
  }

  /**
   * When results come out: `onWindowUpdate`, with each record (as without this step), or `onWindowClose`,
   * once for each window, when stream time has reached its end plus the grace. Windows that close together
   * come out in the order of their starts, then of their keys. As in Kafka Streams, a window that stream time
   * passes by more than its size at once does not come out: use {@link KTable.suppress} where that matters.
   * @example clicks.groupByKey().windowedBy(windows).emitStrategy('onWindowClose').count()
   */
  emitStrategy(strategy: EmitStrategy): TimeWindowedKStream<K, V> {
    return this.#dsl.windowedStream(this.#place, this.#windows, strategy);
  }

  #aggregate<A>(
    step: string,
    add: Adder<K, V, A>,
    materialized: WindowMaterialized<K, V, A>,
  ): KTable<Windowed<K>, A> {
    const { graph } = this.#dsl;
    const { key, value } = requireSerdes(
      { key: materialized.key ?? this.#place.key, value: materialized.value },
      step,
    );
    const sizeMs = sizeOf(this.#windows);
    const name = graph.name('KSTREAM-AGGREGATE');
    const emit = emitOf(this.#strategy, materialized.emit, step);
    const oldValues = oldAggregates();
    const kept = { ...materialized, key, value };
    const { store, parent } =
      (emit === 'update' || emit === 'commit') && 'sizeMs' in this.#windows
        ? this.#plain(name, this.#windows, add, kept, { emit, oldValues })
        : this.#strict(name, add, kept, { emit, oldValues });
    materialized.onLate?.(this.#dsl.stream({ ...this.#place, parent: { node: name, output: lateOutput } }));
    const view = windowView<K, A>(store);
    const windowed = { graceMs: this.#windows.graceMs, keySerde: key };
    return this.#dsl.table({ parent, key: windowedSerde(key, sizeMs), value, oldValues, view, windowed });
  }

  /** An aggregate that goes by the task's stream time. */
  #plain<A>(
    name: string,
    windows: TimeWindows,
    add: Adder<K, V, A>,
    { store: given, key, value, changelog = true }: WindowedResult<K, A>,
    output: AggregateOutput,
  ): { store: string; parent: Parent } {
    const { graph } = this.#dsl;
    const { sizeMs, graceMs } = windows;
    const { name: store } = graph.store({
      name: given ?? `${name}-store`,
      kind: 'window',
      keySerde: key,
      valueSerde: value,
      retentionMs: sizeMs + graceMs,
      windowSizeMs: sizeMs,
      changelog,
    });
    const supplier = windowAggregate(store, windows, add, output);
    return { store, parent: graph.processor(name, [this.#place.parent], supplier, [store]) };
  }

  /** An aggregate that goes by what reaches it. */
  #strict<A>(
    name: string,
    add: Adder<K, V, A>,
    kept: WindowedResult<K, A>,
    output: Pick<WindowStep<K>, 'emit' | 'oldValues'>,
  ): { store: string; parent: Parent } {
    const { graph } = this.#dsl;
    const stores = windowedStores(graph, name, this.#windows, kept, output.emit === 'close');
    const { results, starts } = stores;
    const textOf = keyText(kept.key).write;
    const supplier = windowedStep(this.#windows, stores, { ...output, clock: results.name, textOf }, add);
    const names = [results.name, ...(starts ? [starts.name] : [])];
    return { store: results.name, parent: graph.processor(name, [this.#place.parent], supplier, names) };
  }
}
