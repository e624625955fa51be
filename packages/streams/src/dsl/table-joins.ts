// The joins of KTable: with another table, by key or by a foreign key.
import type { ForeignKeyExtractor } from '../operators/foreign-key-join.ts';
import { oldJoined, type OldValues } from '../operators/old-values.ts';
import { passThrough } from '../operators/stateless.ts';
import type { ValueJoiner } from '../operators/stream-join.ts';
import { joinedView, keepTable, tableJoin } from '../operators/table-join.ts';
import { keyValueView } from '../operators/table-view.ts';
import type { Change } from '../api/record.ts';
import type { Serde } from '../api/serde.ts';
import type { Dsl, TablePlace } from './dsl.ts';
import { foreignKeyJoin } from './foreign-key-join.ts';
import type { ForeignKeyJoined, TableJoined } from './options.ts';
import { requireSerdes } from './require-serdes.ts';
import type { KTable } from './table.ts';

/** Which tables must have a row for the result to have one. */
interface Needs {
  left: boolean;
  right: boolean;
}

type AnyJoiner<K, VO> = ValueJoiner<K, never, never, VO>;

/** A table that can be joined: what {@link KTable} has for it. */
export abstract class JoinableTable<K, V> {
  readonly #dsl: Dsl;
  readonly #place: TablePlace<K, V>;

  /** @internal */
  constructor(dsl: Dsl, place: TablePlace<K, V>) {
    this.#dsl = dsl;
    this.#place = place;
  }

  /** Where this table stands; for other steps of the DSL. @internal */
  get place(): TablePlace<K, V> {
    return this.#place;
  }

  /**
   * A table with a row for each key that both tables have. It changes with either of them. A row has the
   * later event time of the two. Both tables must have equally many partitions.
   * @example customers.join(addresses, (customer, address) => ({ ...customer, city: address.city }))
   */
  join<V2, VO>(
    other: KTable<K, V2>,
    joiner: ValueJoiner<K, V, V2, VO>,
    joined?: TableJoined<K, VO>,
  ): KTable<K, VO>;
  /**
   * A table with a row for each of this table whose foreign key the other table has. It changes with either
   * of them. The tables may have different numbers of partitions: rows and answers go through topics of the
   * application's own. A row without a foreign key is left out.
   * @throws FatalError with TOPOLOGY_INVALID where a serde is missing.
   * @example
   * orders.join(customers, (order) => order.customer, (order, { city }) => ({ ...order, city }), {
   *   value: jsonSerde<OrderWithCity>(),
   * });
   */
  join<FK, VF, VO>(
    other: KTable<FK, VF>,
    foreignKeyExtractor: ForeignKeyExtractor<K, V, FK>,
    joiner: ValueJoiner<K, V, VF, VO>,
    joined: ForeignKeyJoined<K, V, FK, VF, VO>,
  ): KTable<K, VO>;
  join<VO>(other: object, ...rest: readonly unknown[]): KTable<K, VO> {
    return this.#joinAny(other as KTable<unknown, unknown>, { left: true, right: true }, rest);
  }

  /** Like `join`, with a row for each key of this table. */
  leftJoin<V2, VO>(
    other: KTable<K, V2>,
    joiner: ValueJoiner<K, V, V2 | undefined, VO>,
    joined?: TableJoined<K, VO>,
  ): KTable<K, VO>;
  /** Like `join` by a foreign key, with a row for each of this table. */
  leftJoin<FK, VF, VO>(
    other: KTable<FK, VF>,
    foreignKeyExtractor: ForeignKeyExtractor<K, V, FK>,
    joiner: ValueJoiner<K, V, VF | undefined, VO>,
    joined: ForeignKeyJoined<K, V, FK, VF, VO>,
  ): KTable<K, VO>;
  leftJoin<VO>(other: object, ...rest: readonly unknown[]): KTable<K, VO> {
    return this.#joinAny(other as KTable<unknown, unknown>, { left: true, right: false }, rest);
  }

  /** Like `join`, with a row for each key that one of the tables has. */
  outerJoin<V2, VO>(
    other: KTable<K, V2>,
    joiner: ValueJoiner<K, V | undefined, V2 | undefined, VO>,
    joined: TableJoined<K, VO> = {},
  ): KTable<K, VO> {
    return this.#join(other.place, joiner, { left: false, right: false }, joined);
  }

  #joinAny<VO>(other: KTable<unknown, unknown>, needs: Needs, rest: readonly unknown[]): KTable<K, VO> {
    const [first, second, third] = rest;
    if (typeof second !== 'function')
      return this.#join(
        other.place as TablePlace<K, unknown>,
        first as AnyJoiner<K, VO>,
        needs,
        second as TableJoined<K, VO>,
      );
    const place = foreignKeyJoin<K, V, unknown, unknown, VO>(this.#dsl, {
      left: this.#place,
      right: other.place,
      foreignKeyOf: first as ForeignKeyExtractor<K, V, unknown>,
      joiner: second as ValueJoiner<K, V, unknown, VO>,
      isLeft: !needs.right,
      joined: third as ForeignKeyJoined<K, V, unknown, unknown, VO>,
    });
    return this.#dsl.table(place);
  }

  #join<V2, VO>(
    other: TablePlace<K, V2>,
    given: AnyJoiner<K, VO>,
    needs: Needs,
    joined: TableJoined<K, VO> = {},
  ): KTable<K, VO> {
    const { graph } = this.#dsl;
    const own = this.#place;
    const joiner = given as ValueJoiner<K, V | undefined, V2 | undefined, VO>;
    const oldValues = oldJoined([own.oldValues, other.oldValues]);
    // A row that was not there before, and is not now, changes nothing.
    if (!needs.right) own.oldValues.want();
    if (!needs.left) other.oldValues.want();
    const thisName = graph.name('KTABLE-JOINTHIS', joined.name && `${joined.name}-join-this`);
    const otherName = graph.name('KTABLE-JOINOTHER', joined.name && `${joined.name}-join-other`);
    const sides = [
      graph.processor(
        thisName,
        [own.parent],
        tableJoin<K, V, V2, VO>({
          other: other.view,
          joiner,
          isOuter: !needs.right,
          isOtherOuter: !needs.left,
          oldValues,
        }),
        other.view.stores,
      ),
      graph.processor(
        otherName,
        [other.parent],
        tableJoin<K, V2, V, VO>({
          other: own.view,
          joiner: (right, left, key) => joiner(left, right, key),
          isOuter: !needs.left,
          isOtherOuter: !needs.right,
          oldValues,
        }),
        own.view.stores,
      ),
    ];
    const name = graph.name('KTABLE-MERGE', joined.name);
    const key = joined.key ?? own.key ?? other.key;
    if (joined.store !== undefined)
      return this.#keep(name, sides, oldValues, { ...joined, key, store: joined.store });
    const parent = graph.processor(name, sides, passThrough<K, Change<VO>>());
    const view = joinedView(own.view, other.view, joiner, needs);
    return this.#dsl.table({ parent, key, value: joined.value, oldValues, view });
  }

  #keep<VO>(
    name: string,
    parents: readonly TablePlace<K, VO>['parent'][],
    oldValues: OldValues,
    kept: Omit<TableJoined<K, VO>, 'key'> & { key: Serde<K> | undefined; store: string },
  ): KTable<K, VO> {
    const { graph } = this.#dsl;
    const { key, value } = requireSerdes({ key: kept.key, value: kept.value }, 'a joined table with a store');
    const { changelog = true, store } = kept;
    graph.store({ name: store, kind: 'keyValue', keySerde: key, valueSerde: value, changelog });
    const parent = graph.processor(name, parents, keepTable<K, VO>(store), [store]);
    return this.#dsl.table({ parent, key, value, oldValues, view: keyValueView(store) });
  }
}
