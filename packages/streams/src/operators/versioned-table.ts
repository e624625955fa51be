// Tables that keep the versions of their rows for a while, so that streams are joined with the rows of their
// time.
import type { Processor, ProcessorContext, ProcessorSupplier } from '../api/processor.ts';
import type { Change } from '../api/record.ts';
import { isAbsent } from './aggregate.ts';
import type { TableView } from './table-view.ts';
import { VersionedRows } from './versioned-rows.ts';

/** What a versioned table is kept in. */
export interface VersionedSpec {
  /** The key-value store of the newest versions. */
  latest: string;
  /** The timeline store of those before. */
  history: string;
  historyMs: number;
}

function openRows<K, V>(
  { latest, history, historyMs }: VersionedSpec,
  context: Pick<ProcessorContext<never, never>, 'keyValueStore' | 'timelineStore'>,
): VersionedRows<K, V> {
  return new VersionedRows(context.keyValueStore(latest), context.timelineStore(history), historyMs);
}

/** Keeps versions of rows, and passes on what changed; a change of an earlier version is marked. */
export function versionedSource<K, V>(
  spec: VersionedSpec,
): ProcessorSupplier<K, V | undefined, K, Change<V>> {
  return function createVersionedSource(): Processor<K, V | undefined, K, Change<V>> {
    let context: ProcessorContext<K, Change<V>>;
    let rows: VersionedRows<K, V>;
    return {
      init(given) {
        context = given;
        rows = openRows(spec, given);
      },
      process({ key, value, timestamp, headers }) {
        if (isAbsent(key)) {
          context.dropped('null-key');
          return;
        }
        const oldValue = rows.get(key)?.value;
        const newValue = value ?? undefined;
        const result = rows.put(key, newValue, timestamp);
        if (result === 'expired') {
          context.late();
          return;
        }
        const change = result === 'latest' ? { newValue, oldValue } : { newValue, oldValue, isLatest: false };
        context.forward({ key, value: change, timestamp, headers });
      },
    };
  };
}

/** How a versioned table is read: at a time, or as it is now. */
export function versionedView<K, V>(spec: VersionedSpec): TableView<K, V> {
  return {
    stores: [spec.latest, spec.history],
    historyMs: spec.historyMs,
    open(context) {
      const rows = openRows<K, V>(spec, context);
      return (key, time) => (time === undefined ? rows.get(key) : rows.getAsOf(key, time));
    },
  };
}
