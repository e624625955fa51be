// Joins of a stream with a table: each record is joined with the row that its key has then.
// Source: Kafka Streams' KStreamKTableJoinProcessor.
import type { Processor, ProcessorContext, ProcessorSupplier } from '../api/processor.ts';
import type { StreamRecord } from '../api/record.ts';
import { isAbsent } from './aggregate.ts';
import { GraceBuffer, type GraceSpec } from './grace-buffer.ts';
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
  /** Where records wait before they are joined; undefined: they do not. */
  grace?: GraceSpec | undefined;
}

/**
 * Joins records with rows: of a versioned table, with those of their time. A record without a value, or
 * without a key for the table, is dropped.
 */
export function streamTableJoin<K, V, TK, TV, VO>({
  view,
  keyOf,
  joiner,
  isLeft,
  grace,
}: StreamTableJoinSpec<K, V, TK, TV, VO>): ProcessorSupplier<K, V, K, VO> {
  const isVersioned = view.historyMs !== undefined;
  return function createStreamTableJoin(): Processor<K, V, K, VO> {
    let context: ProcessorContext<K, VO>;
    let read: ReadRow<TK, TV>;
    let buffer: GraceBuffer<K, V> | undefined;

    function joined(
      record: StreamRecord<K, V>,
      tableKey: TK | undefined | null,
    ): StreamRecord<K, VO> | undefined {
      const { key, value, timestamp, headers } = record;
      const row = isAbsent(tableKey) ? undefined : read(tableKey, isVersioned ? timestamp : undefined);
      if (!row && !isLeft) return undefined;
      return { key, value: joiner(value, row?.value, key), timestamp, headers };
    }

    function takeDue(due: StreamRecord<K, V>): void {
      const result = joined(due, keyOf(due.key, due.value));
      if (result) context.forwardAlone(result);
    }

    return {
      init(given) {
        context = given;
        read = view.open(given);
        buffer = grace && new GraceBuffer(grace, given);
      },
      process(record) {
        const { key, value } = record;
        const tableKey = isAbsent(value) ? undefined : keyOf(key, value);
        if (isAbsent(value) || (isAbsent(tableKey) && !isLeft)) {
          context.dropped('null-key-or-value');
          return;
        }
        if (buffer && !isAbsent(key) && buffer.add(record)) {
          buffer.takeDue(takeDue);
          return;
        }
        const result = joined(record, tableKey);
        if (result) context.forward(result);
      },
    };
  };
}
