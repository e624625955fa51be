// The step and the store of a suppressed table.
import { FatalError } from '../api/errors.ts';
import type { Serde } from '../api/serde.ts';
import { suppress, suppressedView } from '../operators/suppress.ts';
import type { TablePlace } from './dsl.ts';
import type { Graph } from './graph.ts';
import { requireSerdes } from './require-serdes.ts';
import type { Suppressed } from './suppressed.ts';
import { orderedWindowSerde, suppressedSerde } from './suppressed-serde.ts';

/** Declares the suppression of a table, and returns where the suppressed table is. */
export function suppressedTable<K, V>(
  graph: Graph,
  place: TablePlace<K, V>,
  { limitMs, timeOf, name: given, changelog, ...bounds }: Suppressed<K>,
): TablePlace<K, V> {
  const { windowed, view: rows } = place;
  if (rows.historyMs !== undefined) {
    const message = 'suppress() of a versioned table: give table() no historyRetention';
    throw new FatalError('TOPOLOGY_INVALID', message);
  }
  // What a row was before it waited is what its readers know.
  place.oldValues.want();
  const oldValues = place.oldValues.mapped();
  const { key, value } = requireSerdes(
    { key: place.key, value: place.value },
    'suppress()',
    'the step before',
  );
  const delayMs = limitMs ?? windowed?.graceMs;
  if (delayMs === undefined) {
    const message =
      'untilWindowCloses() needs windows whose grace is known: suppress the result of windowedBy() itself, or after filter() and mapValues()';
    throw new FatalError('TOPOLOGY_INVALID', message);
  }
  const name = graph.name('KTABLE-SUPPRESS', given);
  const store = graph.store({
    name: given === undefined ? graph.name('KTABLE-SUPPRESS-STATE-STORE') : `${given}-store`,
    kind: 'buffer',
    keySerde: windowed ? (orderedWindowSerde(windowed.keySerde) as Serde<unknown>) : key,
    valueSerde: suppressedSerde(value) as Serde<unknown>,
    changelog,
  }).name;
  const step = { ...bounds, store, delayMs, timeOf, dropTombstones: limitMs === undefined, oldValues };
  const parent = graph.processor(name, [place.parent], suppress<K, V>(step), [store]);
  return { ...place, parent, oldValues, view: suppressedView(rows, store, oldValues) };
}
