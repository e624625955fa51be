// The options of KStream's own steps.
import type { Duration } from '../api/duration.ts';
import type { Serde } from '../api/serde.ts';
import type { StepState } from '../api/step-state.ts';
import type { StoreClock, StoreSpec } from '../api/stores.ts';
import type { Duplicate } from '../operators/dedupe.ts';
import type { Failed } from '../operators/stateless.ts';
import type { Named } from './options.ts';
import type { KStream } from './stream.ts';

/** Options of a step whose function may throw. */
export interface Failing<K, V> {
  /**
   * Gets the records for which the function threw, with the error, in the same transaction. Without it such a
   * record is a failure of the stage `processing`: see `onFailure` of {@link StreamsOptions}.
   */
  onFailed?: (failed: KStream<K, Failed<V>>) => void;
}

/** Options of {@link KStream.process}. */
export interface ProcessOptions<KO, VO> extends Named {
  /** The stores it uses: declared by `addStore` of the builder, or the `state` of another step. */
  stores?: readonly (StoreSpec | StepState<unknown> | string)[];
  /** Serdes of what it passes on, where a later step needs them. */
  key?: Serde<KO>;
  value?: Serde<VO>;
}

/** The names of the stores that a processor was given. */
export function storeNames(stores: NonNullable<ProcessOptions<unknown, unknown>['stores']>): string[] {
  return stores.flatMap((store) => {
    if (typeof store === 'string') return store;
    return 'stores' in store ? store.stores.map(({ name }) => name) : store.name;
  });
}

/** Options of {@link KStream.dedupe}. */
export interface DedupeOptions<K, V> extends Named {
  /**
   * Serdes for the repartition topic, where a step before may have changed the key; by default what is known.
   */
  key?: Serde<K>;
  value?: Serde<V>;
  /** The id by which copies are known, within their key. */
  by: (value: V, key: K) => string;
  /** How long ids are remembered, by {@link clock}. */
  within: Duration;
  /**
   * The clock that the horizon is counted by: `arrival` also finds copies of events that are dated long ago.
   * @default 'stream-time'
   */
  clock?: StoreClock;
  /** Something that differs where two records of one id are not the same; conflicts are marked. */
  fingerprint?: (value: V) => string;
  /**
   * Whether the fingerprints of a first copy and of a later one say that these are not the same.
   * @default (first, copy) => first !== copy
   */
  conflicting?: (first: string, copy: string) => boolean;
  /** Gets the duplicates, in the same transaction. */
  onDuplicate?: (duplicates: KStream<K, Duplicate<V>>) => void;
}
