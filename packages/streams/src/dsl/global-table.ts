// GlobalKTable: a table that each instance has as a whole.
import { keyValueView, type TableView } from '../operators/table-view.ts';

/** A table of which every instance has every row: see {@link StreamsBuilder.globalTable}. Streams join it. */
export class GlobalKTable<K, V> {
  /** The name of its store, by which processors and {@link Streams.store} read it. */
  readonly store: string;
  /** How streams that join it read it. @internal */
  readonly view: TableView<K, V>;

  /** @internal */
  constructor(store: string) {
    this.store = store;
    // Every step may read it: none declares it.
    this.view = { ...keyValueView<K, V>(store), stores: [], globalStores: [store] };
  }
}
