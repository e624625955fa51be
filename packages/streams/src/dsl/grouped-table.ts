// Grouped tables: rows under another key, to be aggregated;
// a row that changes is taken out before it is put in.
import { oldAggregates } from '../operators/old-values.ts';
import { tableAggregate } from '../operators/table.ts';
import { keyValueView } from '../operators/table-view.ts';
import type { Adder } from '../operators/aggregate.ts';
import { numberSerde } from '../api/serde.ts';
import { aggregating, reducing } from './adders.ts';
import type { Dsl, Place } from './dsl.ts';
import type { Materialized } from './options.ts';
import { requireSerdes } from './require-serdes.ts';
import type { KTable } from './table.ts';

/**
 * Rows grouped by a key of their own: see {@link KTable.groupBy}. A row that changes is taken out before it
 * is put in.
 */
export class KGroupedTable<K, V> {
  readonly #dsl: Dsl;
  readonly #place: Place<K, V>;

  /** @internal */
  constructor(dsl: Dsl, place: Place<K, V>) {
    this.#dsl = dsl;
    this.#place = place;
  }

  /** How many rows each key has now. */
  count(materialized: Materialized<K, number> = {}): KTable<K, number> {
    const options = { value: numberSerde, ...materialized };
    return this.aggregate(
      () => 0,
      (_key, _value, n) => n + 1,
      (_key, _value, n) => n - 1,
      options,
    );
  }

  /**
   * Joins the values of rows by `add`, the first of which stands for itself, and takes them out again by
   * `subtract`, which returns `undefined` where nothing is left.
   * @throws FatalError with TOPOLOGY_INVALID where a serde is missing.
   * @example
   * table.groupBy((_id, row) => [row.city, row.age], { key: stringSerde, value: numberSerde })
   *   .reduce((sum, age) => sum + age, (sum, age) => sum - age)
   */
  reduce(
    add: (aggregate: V, value: V) => V,
    subtract: (aggregate: V, value: V) => V | undefined,
    materialized: Materialized<K, V> = {},
  ): KTable<K, V> {
    const { value } = this.#place;
    const options = { ...(value && { value }), ...materialized };
    const subtracting = (_key: K, row: V, all: V): V | undefined => subtract(all, row);
    return this.#aggregate('reduce() of a table', reducing(add), subtracting, options);
  }

  /**
   * Joins the rows by `add`, and takes them out again by `subtract`, which returns `undefined` where nothing
   * is left.
   * @throws FatalError with TOPOLOGY_INVALID where a serde is missing.
   * @example
   * table.groupBy((_id, row) => [row.city, row.age], { key: stringSerde, value: numberSerde })
   *   .aggregate(() => 0, (_city, age, sum) => sum + age, (_city, age, sum) => sum - age, { value:
   *   numberSerde })
   */
  aggregate<A>(
    initial: () => A,
    add: (key: K, value: V, aggregate: A) => A,
    subtract: (key: K, value: V, aggregate: A) => A | undefined,
    materialized: Materialized<K, A>,
  ): KTable<K, A> {
    return this.#aggregate('aggregate() of a table', aggregating(initial, add), subtract, materialized);
  }

  #aggregate<A>(
    step: string,
    add: Adder<K, V, A>,
    subtract: (key: K, value: V, aggregate: A) => A | undefined,
    materialized: Materialized<K, A>,
  ): KTable<K, A> {
    const { graph } = this.#dsl;
    const { key, value } = requireSerdes(
      { key: materialized.key ?? this.#place.key, value: materialized.value },
      step,
    );
    const name = graph.name('KTABLE-AGGREGATE');
    const store = graph.store({
      name: materialized.store ?? `${name}-store`,
      kind: 'keyValue',
      keySerde: key,
      valueSerde: value,
      changelog: materialized.changelog ?? true,
    });
    const supplier = tableAggregate(store.name, add, subtract);
    const parent = graph.processor(name, [this.#place.parent], supplier, [store.name]);
    const view = keyValueView<K, A>(store.name);
    return this.#dsl.table({ parent, key, value, oldValues: oldAggregates(), view });
  }
}
