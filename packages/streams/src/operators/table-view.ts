// Views of tables: how a step reads the newest row of a key, whichever stores the table is made of.
// Source: Kafka Streams' KTableValueGetter.
import type { ProcessorContext } from '../api/processor.ts';
import type { Timestamped, Windowed } from '../api/record.ts';
import { isAbsent } from './aggregate.ts';

/**
 * Returns the newest row of a key, and its event time; undefined where the table has none. Of a versioned
 * table, the row that the key had at a time, where one is given.
 */
export type ReadRow<K, V> = (key: K, time?: number) => Timestamped<V> | undefined;

/** How a table is read by other steps of its task. */
export interface TableView<K, V> {
  /** The stores that it reads: a step that opens it must declare them. */
  readonly stores: readonly string[];
  /** The stores of global tables that it reads. */
  readonly globalStores?: readonly string[];
  /** How long a versioned table keeps earlier rows, in milliseconds; undefined: it has none. */
  readonly historyMs?: number | undefined;
  /** Opens it for one processor: call it in `init`. */
  open(context: ProcessorContext<unknown, unknown>): ReadRow<K, V>;
}

/** A table that is kept in a key-value store. */
export function keyValueView<K, V>(store: string): TableView<K, V> {
  return {
    stores: [store],
    open(context) {
      const rows = context.keyValueStore<K, V>(store);
      return (key) => rows.getTimestamped(key);
    },
  };
}

/** A table that is kept in a window store. */
export function windowView<K, V>(store: string): TableView<Windowed<K>, V> {
  return {
    stores: [store],
    open(context) {
      const rows = context.windowStore<K, V>(store);
      return ({ key, start }) => rows.fetchTimestamped(key, start);
    },
  };
}

/** A table that is kept in a session store. */
export function sessionView<K, V>(store: string): TableView<Windowed<K>, V> {
  return {
    stores: [store],
    open(context) {
      const rows = context.sessionStore<K, V>(store);
      return ({ key, start, end }) => {
        const value = rows.fetchSession(key, start, end);
        return value === undefined ? undefined : { value, timestamp: end };
      };
    },
  };
}

/** A table whose rows are made from those of another; `undefined` removes a row. */
export function mappedView<K, V, V2>(
  view: TableView<K, V>,
  mapper: (value: V, key: K) => V2 | undefined | null,
): TableView<K, V2> {
  return {
    stores: view.stores,
    historyMs: view.historyMs,
    open(context) {
      const read = view.open(context);
      return (key, time) => {
        const row = read(key, time);
        const value = row && mapper(row.value, key);
        return isAbsent(value) || !row ? undefined : { value, timestamp: row.timestamp };
      };
    },
  };
}
