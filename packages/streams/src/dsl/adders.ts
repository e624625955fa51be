// How count, reduce and aggregate join a record into what a key has.
import type { Adder } from '../operators/aggregate.ts';
import type { SessionAggregation } from '../operators/session-aggregate.ts';

/** Counts records. */
export const counting: Adder<unknown, unknown, number> = (_key, _value, n = 0) => n + 1;

/** Joins values by a reducer; the first stands for itself. */
export function reducing<K, V>(reducer: (aggregate: V, value: V) => V): Adder<K, V, V> {
  return (_key, value, old) => (old === undefined ? value : none(reducer(old, value)));
}

/** Joins records into an aggregate that begins with an initial one. */
export function aggregating<K, V, A>(
  initial: () => A,
  adder: (key: K, value: V, aggregate: A) => A,
): Adder<K, V, A> {
  return (key, value, old) => none(adder(key, value, old === undefined ? initial() : old));
}

/** An aggregate of null is none, as in Java: the key has a row no more. */
function none<A>(aggregate: A): A {
  return aggregate ?? (undefined as A);
}

/** Counts the records of a session. */
export const countingSessions: SessionAggregation<unknown, unknown, number> = {
  initial: () => 0,
  add: counting,
  merge: (_key, earlier = 0, later) => earlier + later,
};

/** Joins the values of a session by a reducer, and sessions too. */
export function reducingSessions<K, V>(reducer: (aggregate: V, value: V) => V): SessionAggregation<K, V, V> {
  return {
    initial: () => undefined,
    add: reducing(reducer),
    merge: (_key, earlier, later) => (earlier === undefined ? later : reducer(earlier, later)),
  };
}
