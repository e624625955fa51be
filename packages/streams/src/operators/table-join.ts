// Joins of two tables by key: the result has a row for each key that both have, or one of them.
// Source: Kafka Streams' KTableKTableInnerJoin, -LeftJoin, -RightJoin, -OuterJoin and KTableKTableJoinMerger.
import type { Processor, ProcessorContext, ProcessorSupplier } from '../api/processor.ts';
import type { Change } from '../api/record.ts';
import type { KeyValueStore } from '../api/stores.ts';
import { isAbsent } from './aggregate.ts';
import type { OldValues } from './old-values.ts';
import type { ReadRow, TableView } from './table-view.ts';

/** One side of a join of two tables. */
export interface TableJoinSpec<K, V1, V2, VO> {
  /** The other table. */
  other: TableView<K, V2>;
  joiner: (own: V1 | undefined, other: V2 | undefined, key: K) => VO;
  /** Whether a row of this side needs none of the other. */
  isOuter: boolean;
  /** Whether a row of the other side needs none of this one. */
  isOtherOuter: boolean;
  oldValues: OldValues;
}

/** Passes on what a change of one table changes in the result. */
export function tableJoin<K, V1, V2, VO>({
  other,
  joiner,
  isOuter,
  isOtherOuter,
  oldValues,
}: TableJoinSpec<K, V1, V2, VO>): ProcessorSupplier<K, Change<V1>, K, Change<VO>> {
  return function createTableJoin(): Processor<K, Change<V1>, K, Change<VO>> {
    let context: ProcessorContext<K, Change<VO>>;
    let readOther: ReadRow<K, V2>;
    return {
      init(given) {
        context = given;
        readOther = other.open(given);
      },
      process({ key, value, timestamp, headers }) {
        if (isAbsent(key) || value.isLatest === false) {
          context.dropped(isAbsent(key) ? 'null-key' : 'out-of-order');
          return;
        }
        const row = readOther(key);
        if (!row && (!isOuter || (value.newValue === undefined && value.oldValue === undefined))) return;
        const join = (own: V1 | undefined): VO | undefined =>
          own === undefined && !(row && isOtherOuter)
            ? undefined
            : (joiner(own, row?.value, key) ?? undefined);
        const newValue = join(value.newValue);
        const oldValue = oldValues.wanted ? join(value.oldValue) : undefined;
        const newest = Math.max(timestamp, row?.timestamp ?? 0);
        context.forward({ key, value: { newValue, oldValue }, timestamp: newest, headers });
      },
    };
  };
}

/** Keeps the rows of a table in a store. */
export function keepTable<K, V>(store: string): ProcessorSupplier<K, Change<V>, K, Change<V>> {
  return function createKeepTable(): Processor<K, Change<V>, K, Change<V>> {
    let context: ProcessorContext<K, Change<V>>;
    let rows: KeyValueStore<K, V>;
    return {
      init(given) {
        context = given;
        rows = given.keyValueStore(store);
      },
      process(record) {
        const { key, value, timestamp } = record;
        if (value.newValue === undefined) rows.delete(key);
        else rows.put(key, value.newValue, timestamp);
        context.forward(record);
      },
    };
  };
}

/** How the result of a join is read: from both tables. */
export function joinedView<K, V1, V2, VO>(
  left: TableView<K, V1>,
  right: TableView<K, V2>,
  joiner: (left: V1 | undefined, right: V2 | undefined, key: K) => VO,
  needs: { left: boolean; right: boolean },
): TableView<K, VO> {
  return {
    stores: [...new Set([...left.stores, ...right.stores])],
    open(context) {
      const [readLeft, readRight] = [left.open(context), right.open(context)];
      return (key) => {
        const [ownLeft, ownRight] = [readLeft(key), readRight(key)];
        if ((needs.left && !ownLeft) || (needs.right && !ownRight) || (!ownLeft && !ownRight))
          return undefined;
        const value = joiner(ownLeft?.value, ownRight?.value, key);
        if (isAbsent(value)) return undefined;
        return { value, timestamp: Math.max(ownLeft?.timestamp ?? 0, ownRight?.timestamp ?? 0) };
      };
    },
  };
}
