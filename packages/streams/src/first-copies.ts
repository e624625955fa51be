// Reads from outside of an application what a dedupe remembers.
import type { Serde } from './api/serde.ts';
import { dedupeIdOfKey, dedupeStoreOf, type FirstCopy } from './operators/dedupe.ts';
import type { ReadableStore } from './runtime/readable-store.ts';

/** Which dedupe to ask, and for what. */
export interface FirstCopyQuery<K> {
  /** The `name` of the `dedupe()` step. */
  step: string;
  /** The serde of the stream's keys. */
  keySerde: Serde<K>;
  key: K;
  /** What the step's `by` returned for the record. */
  id: string;
}

/**
 * The first copy that a `dedupe()` step remembers of an id, in the tasks of this instance; undefined where
 * none of them knows one. As other reads of state it sees what was committed, until the entry's segment is
 * dropped.
 * @throws RetriableError where a worker thread ends before it has answered.
 * @example await readFirstCopy(streams, { step: 'once', keySerde: stringSerde, key: 'ada', id: 'p1' })
 */
export function readFirstCopy<K>(
  streams: { store(name: string): Pick<ReadableStore<string, unknown>, 'get'> },
  { step, keySerde, key, id }: FirstCopyQuery<K>,
): Promise<FirstCopy | undefined> {
  const entries = streams.store(dedupeStoreOf(step)) as Pick<ReadableStore<string, FirstCopy>, 'get'>;
  return entries.get(dedupeIdOfKey(keySerde, key, id));
}
