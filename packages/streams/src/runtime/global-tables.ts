// Global tables: topics that a thread reads as a whole, from their beginning, into stores in memory.
import { readKey, readValue } from '@activity/kafka';
import type { SourceRecord } from '../api/record.ts';
import { CommittedReader } from '../state/committed-reader.ts';
import type { CacheBudget } from '../state/cache-budget.ts';
import { TaskKeyValueStore } from '../state/key-value-store.ts';
import { MemoryState } from '../state/memory-state.ts';
import type { GlobalTable, Topology } from '../topology/topology.ts';

/** A global table and its rows. */
export class GlobalRows {
  readonly table: GlobalTable;
  readonly store: TaskKeyValueStore<unknown, unknown>;
  /** Reads the rows, for others than the tasks. */
  readonly reader: CommittedReader;

  constructor(table: GlobalTable, cache: CacheBudget) {
    this.table = table;
    const { store: spec } = table;
    const committed = new MemoryState();
    const { name, keySerde, valueSerde } = spec;
    this.store = new TaskKeyValueStore({
      name,
      keySerde,
      valueSerde,
      committed,
      changelog: undefined,
      cache,
    });
    this.reader = new CommittedReader(spec, committed);
  }

  /**
   * Takes in records of the topic, in the order of their partition. One that a serde cannot read is left out:
   * `onUnreadable` is called with it, and may throw.
   */
  apply(
    records: readonly SourceRecord[],
    onUnreadable: (record: SourceRecord, error: unknown) => void,
  ): void {
    const { keySerde, valueSerde } = this.table.store;
    const readable = records.filter((record) => {
      try {
        readKey(keySerde, record);
        readValue(valueSerde, record);
        return true;
      } catch (error) {
        onUnreadable(record, error);
        return false;
      }
    });
    if (readable.length > 0) this.store.restore(readable, 0);
  }

  /** Forgets all rows. */
  async clear(): Promise<void> {
    await this.store.clear();
  }
}

/** The empty stores of a topology's global tables. */
export function globalRows({ globalTables }: Topology, cache: CacheBudget): GlobalRows[] {
  return globalTables.map((table) => new GlobalRows(table, cache));
}

/** Stores of global tables by name: what tasks read. */
export function globalStores(rows: readonly GlobalRows[]): ReadonlyMap<string, unknown> {
  return new Map(rows.map(({ table, store }) => [table.store.name, store]));
}
