// The step and the store of a stream that becomes a table.
import { oldRows } from '../operators/old-values.ts';
import { tableSource } from '../operators/table.ts';
import { keyValueView } from '../operators/table-view.ts';
import type { Serde } from '../api/serde.ts';
import type { StreamPlace, TablePlace } from './dsl.ts';
import type { Graph } from './graph.ts';
import type { Materialized, Named } from './options.ts';

/** Options of {@link KStream.toTable}. `name` names the step, and its repartition topic where it has one. */
export type ToTable<K, V> = Named & Omit<Materialized<K, Exclude<V, undefined | null>>, 'emit'>;

type Row<V> = Exclude<V, undefined | null>;

/** Declares the table of a stream, and returns where it is. */
export function tableOf<K, V>(
  graph: Graph,
  { parent: above, key, value }: StreamPlace<K, V> & { key: Serde<K>; value: Serde<V> },
  { name: given, store: storeName, changelog = true }: ToTable<K, V>,
): TablePlace<K, Row<V>> {
  const name = graph.name('KSTREAM-TOTABLE', given);
  const rows = value as unknown as Serde<Row<V>>;
  const store = graph.store({
    name: storeName ?? graph.name('KSTREAM-TOTABLE-STATE-STORE'),
    kind: 'keyValue',
    keySerde: key,
    valueSerde: rows,
    changelog,
  }).name;
  const parent = graph.processor(name, [above], tableSource<K, Row<V>>(store), [store]);
  const view = keyValueView<K, Row<V>>(store);
  const oldValues = oldRows(storeName !== undefined);
  return { parent, key, value: rows, oldValues, view };
}
