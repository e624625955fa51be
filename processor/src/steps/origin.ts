// Where this application began to read a partition: what is before it,
// it cannot recompute, and leaves as it is.
import type { KeyValueStore, ProcessorContext } from '@activity/streams';
import { maxAheadMs } from '../incoming.ts';

/** The first raw record that was read. */
export interface Origin {
  readonly offset: number;
  /** When it was received, in epoch milliseconds. */
  readonly receivedAt: number;
  /**
   * The stream time since which hours and days keep their state for longer than minutes; 0 where that is so
   * from the first record on.
   */
  readonly countedFrom: number;
}

/** The store's name. It holds this entry, and how far arrivals have come. */
export const originStore = 'origin';
const entry = 'first';

/** Notes the origin with the first record, and returns it from then on. */
export function originOf<K, V>(context: ProcessorContext<K, V>): () => Origin {
  const store: KeyValueStore<string, Omit<Origin, 'countedFrom'> & Partial<Origin>> =
    context.keyValueStore(originStore);
  let known: Origin | undefined;
  context.onCommit({ beforeCommit() {}, afterAbort: () => (known = undefined) });
  return function origin(): Origin {
    if (known) return known;
    const position = context.position();
    const stored = store.get(entry);
    if (stored?.countedFrom !== undefined) return (known = { ...stored, countedFrom: stored.countedFrom });
    if (!position) return { offset: 0, receivedAt: 0, countedFrom: 0, ...stored };
    known = stored
      ? { ...stored, countedFrom: context.streamTime }
      : { offset: position.offset, receivedAt: position.timestamp, countedFrom: 0 };
    store.put(entry, known, position.timestamp);
    return known;
  };
}

/** From when on windows are whole: every record that was lost to retention is of a time before. */
export function wholeFrom({ offset, receivedAt }: Origin): number {
  return offset === 0 ? 0 : receivedAt + maxAheadMs + 1;
}
