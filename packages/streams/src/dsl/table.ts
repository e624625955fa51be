// KTable: the newest value of each key, as a stream of changes.
import { tableGroupBy, tableMap, tableToStream } from '../operators/table.ts';
import { mappedView } from '../operators/table-view.ts';
import type { Change } from '../api/record.ts';
import { keyText } from '../api/key-text.ts';
import type { Serde } from '../api/serde.ts';
import { changeSerde } from './change-serde.ts';
import type { Dsl, TablePlace } from './dsl.ts';
import type { KGroupedTable } from './grouped-table.ts';
import type { Grouped, Named } from './options.ts';
import { requireSerdes } from './require-serdes.ts';
import type { KStream } from './stream.ts';
import type { Suppressed } from './suppressed.ts';
import { suppressedTable } from './suppressed-table.ts';
import { JoinableTable } from './table-joins.ts';

/**
 * A table: for each key, the newest value. Steps work on its changes, so what a row was can be taken back.
 * Values are of type `V`; a row without a value does not exist.
 */
export class KTable<K, V> extends JoinableTable<K, V> {
  readonly #dsl: Dsl;
  readonly #place: TablePlace<K, V>;

  /** @internal */
  constructor(dsl: Dsl, place: TablePlace<K, V>) {
    super(dsl, place);
    this.#dsl = dsl;
    this.#place = place;
  }

  /** Keeps the rows for which the predicate holds; others are removed from the result. */
  filter(predicate: (value: V, key: K) => boolean, { name }: Named = {}): KTable<K, V> {
    return this.#map(
      'KTABLE-FILTER',
      name,
      (value, key) => (predicate(value, key) ? value : undefined),
      true,
      this.#place.value,
    );
  }

  /** Keeps the rows for which the predicate does not hold. */
  filterNot(predicate: (value: V, key: K) => boolean, { name }: Named = {}): KTable<K, V> {
    return this.filter((value, key) => !predicate(value, key), name === undefined ? {} : { name });
  }

  /**
   * Replaces the values; `undefined` or null removes the row. The serde is needed only where a later step
   * writes the value.
   */
  mapValues<V2>(
    mapper: (value: V, key: K) => V2,
    { name, value }: Named & { value?: Serde<V2> } = {},
  ): KTable<K, V2> {
    return this.#map('KTABLE-MAPVALUES', name, mapper, false, value);
  }

  /**
   * The changes as a stream of new values; `undefined` where a row is gone.
   * @example counts.toStream().to('counts', { value: numberSerde })
   */
  toStream({ name }: Named = {}): KStream<K, V | undefined> {
    const { graph } = this.#dsl;
    const { parent, key, value } = this.#place;
    const node = graph.processor(graph.name('KTABLE-TOSTREAM', name), [parent], tableToStream<K, V>());
    return this.#dsl.stream<K, V | undefined>({ parent: node, key, value, keyChanged: false });
  }

  /**
   * Groups the rows by another key, through a repartition topic.
   * @throws FatalError with TOPOLOGY_INVALID where a serde is missing.
   * @example users.groupBy((id, user) => [user.city, id], { key: stringSerde, value: stringSerde }).count()
   */
  groupBy<K2, V2>(
    mapper: (key: K, value: V) => readonly [K2, V2],
    grouped: Grouped<K2, V2>,
  ): KGroupedTable<K2, V2> {
    const { graph } = this.#dsl;
    this.#place.oldValues.want();
    const { key, value } = requireSerdes({ key: grouped.key, value: grouped.value }, 'groupBy()');
    const name = graph.name('KTABLE-SELECT', grouped.name);
    const parent = graph.processor(name, [this.#place.parent], tableGroupBy(mapper, keyText(key).write));
    const changes = this.#dsl.stream<K2, Change<V2>>({
      parent,
      key,
      value: changeSerde(value),
      keyChanged: true,
    });
    const { place } = changes.repartition({ name });
    return this.#dsl.groupedTable({ parent: place.parent, key, value });
  }

  /**
   * Holds changes back and gives the last one of each key when its time has come: once for each window, or a
   * while after its first change. What waits is in a changelog, and commits with the records it is made of.
   * @throws FatalError with TOPOLOGY_INVALID where a serde is missing, or the grace of windows is not known.
   * @example clicks.groupByKey().windowedBy(windows).count().suppress(untilWindowCloses()).toStream()
   */
  suppress(suppressed: Suppressed<K>): KTable<K, V> {
    return this.#dsl.table(suppressedTable(this.#dsl.graph, this.#place, suppressed));
  }

  #map<V2>(
    role: string,
    name: string | undefined,
    mapper: (value: V, key: K) => V2 | undefined,
    skipEmpty: boolean,
    value: Serde<V2> | undefined,
  ): KTable<K, V2> {
    const { graph } = this.#dsl;
    const { parent, key, view, windowed } = this.#place;
    const oldValues = this.#place.oldValues.mapped();
    if (skipEmpty) oldValues.wantIfKept();
    const supplier = tableMap(mapper, oldValues, skipEmpty && view.historyMs === undefined);
    const node = graph.processor(graph.name(role, name), [parent], supplier);
    return this.#dsl.table({ parent: node, key, value, oldValues, view: mappedView(view, mapper), windowed });
  }
}
