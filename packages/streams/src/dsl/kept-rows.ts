// The step and the stores of a table that keeps its rows: of a topic, or of a stream.
import { milliseconds, type Duration } from '../api/duration.ts';
import { oldRows } from '../operators/old-values.ts';
import { tableSource } from '../operators/table.ts';
import { keyValueView } from '../operators/table-view.ts';
import { versionSerde } from '../operators/versioned-rows.ts';
import { versionedSource, versionedView } from '../operators/versioned-table.ts';
import type { Serde } from '../api/serde.ts';
import type { Parent } from '../topology/topology.ts';
import type { TablePlace } from './dsl.ts';
import type { Graph } from './graph.ts';

/** A table that keeps its rows. */
interface KeptRows<K, V> {
  /** The name of the step. */
  name: string;
  parent: Parent;
  key: Serde<K>;
  value: Serde<V>;
  store: string;
  /** Whether the user gave the store its name. */
  isNamed: boolean;
  changelog: boolean;
  historyRetention: Duration | undefined;
}

/** Declares the table, and returns where it is. */
export function keptRows<K, V>(
  graph: Graph,
  { name, parent: above, key, value, store: storeName, isNamed, changelog, historyRetention }: KeptRows<K, V>,
): TablePlace<K, V> {
  const serdes = { keySerde: key, valueSerde: value };
  const store = graph.store({ name: storeName, kind: 'keyValue', ...serdes, changelog }).name;
  const oldValues = oldRows(isNamed);
  if (historyRetention === undefined) {
    const parent = graph.processor(name, [above], tableSource<K, V>(store), [store]);
    return { parent, key, value, oldValues, view: keyValueView<K, V>(store) };
  }
  const retentionMs = milliseconds(historyRetention);
  const history = graph.store({
    name: `${store}-history`,
    kind: 'timeline',
    keySerde: key,
    valueSerde: versionSerde(value),
    retentionMs,
    changelog,
  }).name;
  const spec = { latest: store, history, historyMs: retentionMs };
  const view = versionedView<K, V>(spec);
  const parent = graph.processor(name, [above], versionedSource<K, V>(spec), view.stores);
  return { parent, key, value, oldValues, view };
}
