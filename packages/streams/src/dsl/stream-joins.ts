// The joins of KStream: with a stream, a table, or a global table.
import { FatalError } from '../api/errors.ts';
import { milliseconds, type Duration } from '../api/duration.ts';
import { graceStore, type GraceSpec } from '../operators/grace-buffer.ts';
import { pendingStore } from '../operators/pending-joins.ts';
import { selfJoin } from '../operators/self-join.ts';
import {
  sided,
  streamJoin,
  type JoinWindows,
  type StreamJoinSpec,
  type ValueJoiner,
} from '../operators/stream-join.ts';
import { streamTableJoin } from '../operators/stream-table-join.ts';
import type { TableView } from '../operators/table-view.ts';
import type { Serde } from '../api/serde.ts';
import type { StoreSpec } from '../api/stores.ts';
import type { Dsl, StreamPlace } from './dsl.ts';
import { GlobalKTable } from './global-table.ts';
import type { Joined, Named, StreamJoined } from './options.ts';
import { requireSerdes } from './require-serdes.ts';
import type { KStream } from './stream.ts';
import type { KTable } from './table.ts';

/** Which sides of a join come out where the other has nothing. */
type Kind = 'inner' | 'left' | 'outer';
type AnyJoiner<K, VO> = ValueJoiner<K, never, never, VO>;

/** Returns the key of the row that a record is joined with; `undefined` or null: none. */
export type KeySelector<K, V, TK> = (key: K, value: V) => TK | undefined | null;

/** A stream that can be joined: what {@link KStream} has for it. */
export abstract class JoinableStream<K, V> {
  readonly #dsl: Dsl;
  readonly #place: StreamPlace<K, V>;

  /** @internal */
  constructor(dsl: Dsl, place: StreamPlace<K, V>) {
    this.#dsl = dsl;
    this.#place = place;
  }

  /** Where this stream stands; for other steps of the DSL. @internal */
  get place(): StreamPlace<K, V> {
    return this.#place;
  }

  /**
   * Joins each record with those of another stream that have its key and are near it in time. Both streams go
   * through a repartition topic where their key has changed. The result has the later event time of the two.
   * Records without a key or a value are dropped.
   * @throws FatalError with TOPOLOGY_INVALID where a serde is missing.
   * @example
   * views.join(clicks, (view, click) => ({ ...view, ...click }), joinWindows({ within: '5m', grace: '1m' }))
   */
  join<V2, VO>(
    other: KStream<K, V2>,
    joiner: ValueJoiner<K, V, V2, VO>,
    windows: JoinWindows,
    joined?: StreamJoined<K, V, V2>,
  ): KStream<K, VO>;
  /**
   * Joins each record with the row that the table has for its key when the record is processed; a record
   * without a row is dropped, and so is one without a value. See `maxTaskIdleMs` of {@link StreamsOptions}
   * for how the table is read up to the time of the stream.
   * @throws FatalError with TOPOLOGY_INVALID where a serde is missing.
   * @example orders.join(customers, (order, customer) => ({ ...order, city: customer.city }))
   */
  join<VT, VO>(
    table: KTable<K, VT>,
    joiner: ValueJoiner<K, V, VT, VO>,
    joined?: Joined<K, V>,
  ): KStream<K, VO>;
  /**
   * Joins each record with the row that a global table has for the key which `keySelector` returns; a record
   * without one, or without a value, is dropped. The key of the record stays.
   * @example
   * users.join(countries, (_id, user) => user.country, (user, country) => ({ ...user, country: country.name
   * }))
   */
  join<TK, TV, VO>(
    table: GlobalKTable<TK, TV>,
    keySelector: KeySelector<K, V, TK>,
    joiner: ValueJoiner<K, V, TV, VO>,
    named?: Named,
  ): KStream<K, VO>;
  join<VO>(other: object, ...rest: readonly unknown[]): KStream<K, VO> {
    return this.#join('inner', other, rest);
  }

  /**
   * Like `join`, and a record of this stream that finds none comes out alone, with `undefined`, once its
   * window is closed: when a record of either stream is further ahead than the window and its grace. One
   * without a key comes out at once.
   */
  leftJoin<V2, VO>(
    other: KStream<K, V2>,
    joiner: ValueJoiner<K, V, V2 | undefined, VO>,
    windows: JoinWindows,
    joined?: StreamJoined<K, V, V2>,
  ): KStream<K, VO>;
  /** Like `join`, and a record without a row is joined with `undefined`. */
  leftJoin<VT, VO>(
    table: KTable<K, VT>,
    joiner: ValueJoiner<K, V, VT | undefined, VO>,
    joined?: Joined<K, V>,
  ): KStream<K, VO>;
  /** Like `join`, and a record without a row is joined with `undefined`. */
  leftJoin<TK, TV, VO>(
    table: GlobalKTable<TK, TV>,
    keySelector: KeySelector<K, V, TK>,
    joiner: ValueJoiner<K, V, TV | undefined, VO>,
    named?: Named,
  ): KStream<K, VO>;
  leftJoin<VO>(other: object, ...rest: readonly unknown[]): KStream<K, VO> {
    return this.#join('left', other, rest);
  }

  /** Like `leftJoin`, for the records of both streams. */
  outerJoin<V2, VO>(
    other: KStream<K, V2>,
    joiner: ValueJoiner<K, V | undefined, V2 | undefined, VO>,
    windows: JoinWindows,
    joined?: StreamJoined<K, V, V2>,
  ): KStream<K, VO> {
    return this.#join('outer', other, [joiner, windows, joined]);
  }

  #join<VO>(kind: Kind, other: object, rest: readonly unknown[]): KStream<K, VO> {
    if (other instanceof GlobalKTable) {
      const [keyOf, joiner, named] = rest as [
        KeySelector<K, V, unknown>,
        AnyJoiner<K, VO>,
        Named | undefined,
      ];
      return this.#addTableJoin(kind, this.#place, other.view, keyOf, joiner, named ?? {});
    }
    if (other instanceof JoinableStream) {
      const [joiner, windows, joined] = rest as [
        AnyJoiner<K, VO>,
        JoinWindows,
        StreamJoined<K, V, unknown> | undefined,
      ];
      return this.#joinStream(kind, other.place, joiner, windows, joined);
    }
    const [joiner, joined] = rest as [AnyJoiner<K, VO>, Joined<K, V> | undefined];
    return this.#joinTable(kind, other as KTable<K, unknown>, joiner, joined);
  }

  #joinStream<V2, VO>(
    kind: Kind,
    other: StreamPlace<K, V2>,
    joiner: AnyJoiner<K, VO>,
    windows: JoinWindows,
    joined: StreamJoined<K, V, V2> = {},
  ): KStream<K, VO> {
    const { graph } = this.#dsl;
    const {
      key,
      value: left,
      otherValue: right,
    } = requireSerdes(
      {
        key: joined.key ?? this.#place.key ?? other.key,
        value: joined.value ?? this.#place.value,
        otherValue: joined.otherValue ?? other.value,
      },
      `${kind === 'inner' ? 'join' : `${kind}Join`}() of two streams`,
    );
    const leftPlace = this.#copartitioned(this.#place, key, left, joined.name && `${joined.name}-left`);
    const rightPlace =
      other.parent === this.#place.parent
        ? (leftPlace as unknown as StreamPlace<K, V2>)
        : this.#copartitioned(other, key, right, joined.name && `${joined.name}-right`);
    if (joined.singleStore === true) {
      const isSelf = kind === 'inner' && leftPlace.parent === rightPlace.parent;
      if (!isSelf)
        throw new FatalError('TOPOLOGY_INVALID', 'singleStore is for stream.join() of a stream with itself');
      return this.#joinSelf(leftPlace, { ...joined, key, value: left }, joiner, windows);
    }
    const leftName = graph.name('KSTREAM-WINDOWED', joined.name && `${joined.name}-this-windowed`);
    const rightName = graph.name('KSTREAM-WINDOWED', joined.name && `${joined.name}-other-windowed`);
    const name = graph.name('KSTREAM-JOIN', joined.name);
    const base = joined.store ?? name;
    const changelog = joined.changelog ?? true;
    const stores = {
      left: graph.store(keptStore(`${base}-this-join-store`, key, left, windows, changelog)).name,
      right: graph.store(keptStore(`${base}-other-join-store`, key, right, windows, changelog)).name,
    };
    const names = [stores.left, stores.right];
    const spec: StreamJoinSpec<K, VO> = {
      windows,
      joiner: joiner as ValueJoiner<K, unknown, unknown, VO>,
      stores,
      outer: { left: kind !== 'inner', right: kind === 'outer' },
      pending: undefined,
    };
    if (kind !== 'inner') {
      const store = graph.store(
        pendingStore(`${base}-${kind}-shared-join-store`, { key, left, right, changelog }),
      ).name;
      spec.pending = { store, keySerde: key };
      names.push(store);
    }
    const sides = [
      graph.processor(leftName, [leftPlace.parent], sided<K, V>('left')),
      graph.processor(rightName, [rightPlace.parent], sided<K, V2>('right')),
    ];
    const takesNullKeys = kind !== 'inner';
    const parent = graph.processor(name, sides, streamJoin(spec), names, { takesNullKeys });
    return this.#dsl.stream<K, VO>({ parent, key, value: undefined, keyChanged: false });
  }

  #joinSelf<VO>(
    { parent }: StreamPlace<K, V>,
    joined: Omit<StreamJoined<K, V, unknown>, 'otherValue'> & { key: Serde<K>; value: Serde<V> },
    joiner: AnyJoiner<K, VO>,
    windows: JoinWindows,
  ): KStream<K, VO> {
    const { graph } = this.#dsl;
    const { key, value, store, changelog = true } = joined;
    const name = graph.name('KSTREAM-JOIN', joined.name);
    const kept = graph.store(keptStore(`${store ?? name}-this-join-store`, key, value, windows, changelog));
    const supplier = selfJoin(kept.name, windows, joiner as ValueJoiner<K, V, V, VO>);
    const node = graph.processor(name, [parent], supplier, [kept.name]);
    return this.#dsl.stream<K, VO>({ parent: node, key, value: undefined, keyChanged: false });
  }

  #joinTable<VT, VO>(
    kind: Kind,
    table: KTable<K, VT>,
    joiner: AnyJoiner<K, VO>,
    joined: Joined<K, V> = {},
  ): KStream<K, VO> {
    const key = joined.key ?? this.#place.key;
    const value = joined.value ?? this.#place.value;
    const place = this.#copartitioned(this.#place, key, value, joined.name);
    const { view, oldValues } = table.place;
    oldValues.keep();
    const grace = joined.grace === undefined ? undefined : this.#graceOf(view, { ...joined, key, value });
    return this.#addTableJoin(kind, place, view, (own) => own, joiner, { ...joined, spec: grace });
  }

  /** Declares where records wait for rows of their time. */
  #graceOf<VT>(
    view: TableView<K, VT>,
    joined: Pick<Joined<K, V>, 'store'> & {
      grace?: Duration;
      key: Serde<K> | undefined;
      value: Serde<V> | undefined;
    },
  ): GraceSpec {
    const { graph } = this.#dsl;
    const graceMs = milliseconds(joined.grace ?? 0);
    if (view.historyMs === undefined || view.historyMs < graceMs) {
      throw new FatalError(
        'TOPOLOGY_INVALID',
        `a grace of ${graceMs} ms needs a table that keeps its rows as long: pass { historyRetention: … } to table()`,
      );
    }
    const { key, value } = requireSerdes({ key: joined.key, value: joined.value }, 'a join with a grace');
    const store = joined.store ?? `${graph.name('KSTREAM-JOIN-BUFFER')}-store`;
    graph.store(graceStore(store, key, value));
    return { store, graceMs };
  }

  #addTableJoin<TK, TV, VO>(
    kind: Kind,
    place: StreamPlace<K, V>,
    view: TableView<TK, TV>,
    keyOf: KeySelector<K, V, TK>,
    joiner: AnyJoiner<K, VO>,
    { name: given, spec: grace }: Named & { spec?: GraceSpec | undefined },
  ): KStream<K, VO> {
    const { graph } = this.#dsl;
    const name = graph.name(kind === 'left' ? 'KSTREAM-LEFTJOIN' : 'KSTREAM-JOIN', given);
    const supplier = streamTableJoin<K, V, TK, TV, VO>({
      view,
      keyOf,
      joiner: joiner as ValueJoiner<K, V, TV | undefined, VO>,
      isLeft: kind === 'left',
      grace,
    });
    const stores = grace ? [...view.stores, grace.store] : view.stores;
    const parent = graph.processor(name, [place.parent], supplier, stores, {
      ...(view.globalStores && { globalStores: view.globalStores }),
      takesNullKeys: kind === 'left',
    });
    return this.#dsl.stream<K, VO>({
      parent,
      key: place.key,
      value: undefined,
      keyChanged: place.keyChanged,
    });
  }

  /**
   * The stream with its records in the partitions of their keys: through a topic where the key has changed.
   */
  #copartitioned<V2>(
    place: StreamPlace<K, V2>,
    key: Serde<K> | undefined,
    value: Serde<V2> | undefined,
    name: string | undefined,
  ): StreamPlace<K, V2> {
    if (!place.keyChanged) return place;
    const options = { ...(name !== undefined && { name }), ...(key && { key }), ...(value && { value }) };
    return this.#dsl.stream(place).repartition(options).place;
  }
}

const leastSegmentMs = 1000;

/** The declaration of a store that keeps the records of one side. */
function keptStore<K, V>(
  name: string,
  key: Serde<K>,
  value: Serde<V>,
  { beforeMs, afterMs, graceMs }: JoinWindows,
  changelog: boolean,
): StoreSpec {
  const windowSizeMs = beforeMs + afterMs;
  const retentionMs = windowSizeMs + graceMs;
  return {
    name,
    kind: 'timeline',
    keySerde: key,
    valueSerde: value,
    retentionMs,
    windowSizeMs,
    // What is kept in memory is whole segments: little more than what can still be joined.
    segmentMs: Math.max(leastSegmentMs, Math.ceil(retentionMs / 4)),
    changelog,
  };
}
