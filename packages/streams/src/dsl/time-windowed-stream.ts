// TimeWindowedKStream: records of one key and window together, to be counted, reduced or aggregated.
import type { Adder } from '../operators/aggregate.ts';
import { windowView } from '../operators/table-view.ts';
import { lateOutput, windowAggregate, type TimeWindows } from '../operators/window-aggregate.ts';
import type { Windowed } from '../api/record.ts';
import { numberSerde } from '../api/serde.ts';
import { aggregating, counting, reducing } from './adders.ts';
import type { Dsl, StreamPlace } from './dsl.ts';
import type { WindowMaterialized } from './options.ts';
import { requireSerdes } from './require-serdes.ts';
import type { KTable } from './table.ts';
import { windowedSerde } from './windowed-serde.ts';

/**
 * Records grouped by key and window: see {@link KGroupedStream.windowedBy}. A window takes records until
 * stream time has reached its end plus the grace; its result comes out with each of them, and is final when
 * the window is closed.
 */
export class TimeWindowedKStream<K, V> {
  readonly #dsl: Dsl;
  readonly #place: StreamPlace<K, V>;
  readonly #windows: TimeWindows;

  /** @internal */
  constructor(dsl: Dsl, place: StreamPlace<K, V>, windows: TimeWindows) {
    this.#dsl = dsl;
    this.#place = place;
    this.#windows = windows;
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
    const { sizeMs, graceMs } = this.#windows;
    const name = graph.name('KSTREAM-AGGREGATE');
    const output = { emit: materialized.emit ?? 'update', oldValues: { wanted: false } } as const;
    const store = graph.store({
      name: materialized.store ?? `${name}-store`,
      kind: 'window',
      keySerde: key,
      valueSerde: value,
      retentionMs: sizeMs + graceMs,
      windowSizeMs: sizeMs,
      changelog: materialized.changelog ?? true,
    });
    const parent = graph.processor(
      name,
      [this.#place.parent],
      windowAggregate(store.name, this.#windows, add, output),
      [store.name],
    );
    materialized.onLate?.(this.#dsl.stream({ ...this.#place, parent: { node: name, output: lateOutput } }));
    const { oldValues } = output;
    const view = windowView<K, A>(store.name);
    return this.#dsl.table({ parent, key: windowedSerde(key, sizeMs), value, oldValues, view });
  }
}
