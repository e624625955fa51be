// Joins of a stream with a table: each record is joined with the row that its key has then.
// Source: Kafka Streams' KStreamKTableJoinProcessor.
import type { Processor, ProcessorContext, ProcessorSupplier } from '../api/processor.ts';
import { isAbsent } from './aggregate.ts';
import type { ValueJoiner } from './stream-join.ts';
import type { ReadRow, TableView } from './table-view.ts';

/** A join of a stream with a table. */
export interface StreamTableJoinSpec<K, V, TK, TV, VO> {
  view: TableView<TK, TV>;
  /** Returns the key of the row; absent where there is none. */
  keyOf: (key: K, value: V) => TK | undefined | null;
  joiner: ValueJoiner<K, V, TV | undefined, VO>;
  /** Whether a record without a row is joined with `undefined`. */
  isLeft: boolean;
}

/** Joins records with rows. A record without a value, or without a key for the table, is dropped. */
export function streamTableJoin<K, V, TK, TV, VO>({
  view,
  keyOf,
  joiner,
  isLeft,
}: StreamTableJoinSpec<K, V, TK, TV, VO>): ProcessorSupplier<K, V, K, VO> {
  return function createStreamTableJoin(): Processor<K, V, K, VO> {
    let context: ProcessorContext<K, VO>;
    let read: ReadRow<TK, TV>;
    return {
      init(given) {
        context = given;
        read = view.open(given);
      },
      process({ key, value, timestamp, headers }) {
        const tableKey = isAbsent(value) ? undefined : keyOf(key, value);
        if (isAbsent(value) || (isAbsent(tableKey) && !isLeft)) {
          context.dropped('null-key-or-value');
          return;
        }
        const row = isAbsent(tableKey) ? undefined : read(tableKey);
        if (!row && !isLeft) return;
        context.forward({ key, value: joiner(value, row?.value, key), timestamp, headers });
      },
    };
  };
}
