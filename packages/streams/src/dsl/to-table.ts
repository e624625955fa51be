// The step and the store of a stream that becomes a table.
import type { Serde } from '../api/serde.ts';
import type { StreamPlace, TablePlace } from './dsl.ts';
import type { Graph } from './graph.ts';
import { keptRows } from './kept-rows.ts';
import type { Materialized, Named, TableMaterialized } from './options.ts';

/** Options of {@link KStream.toTable}. `name` names the step, and its repartition topic where it has one. */
export type ToTable<K, V> = Named &
  Omit<Materialized<K, Exclude<V, undefined | null>>, 'emit'> &
  Pick<TableMaterialized<K, V>, 'historyRetention'>;

type Row<V> = Exclude<V, undefined | null>;

/** Declares the table of a stream, and returns where it is. */
export function tableOf<K, V>(
  graph: Graph,
  { parent, key, value }: StreamPlace<K, V> & { key: Serde<K>; value: Serde<V> },
  { name: given, store, changelog = true, historyRetention }: ToTable<K, V>,
): TablePlace<K, Row<V>> {
  return keptRows(graph, {
    name: graph.name('KSTREAM-TOTABLE', given),
    parent,
    key,
    value: value as unknown as Serde<Row<V>>,
    store: store ?? graph.name('KSTREAM-TOTABLE-STATE-STORE'),
    isNamed: store !== undefined,
    changelog,
    historyRetention,
  });
}
