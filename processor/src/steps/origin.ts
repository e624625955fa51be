// Where this application began to read a partition: what lies before it, it cannot recompute, and leaves as it is.
import type { KeyValueStore, ProcessorContext } from '@activity/streams';
import { maxAheadMs } from '../incoming.ts';

/** The first raw record that was read. */
export interface Origin {
  readonly offset: number;
  /** When it was received, in epoch milliseconds. */
  readonly receivedAt: number;
}

/** The store's name; it holds one entry. */
export const originStore = 'origin';
const entry = 'first';

/** Notes the origin with the first record, and answers it from then on. */
export function originOf<K, V>(context: ProcessorContext<K, V>): () => Origin {
  const store: KeyValueStore<string, Origin> = context.keyValueStore(originStore);
  let known: Origin | undefined;
  context.onCommit({ beforeCommit() {}, afterAbort: () => (known = undefined) });
  return function origin(): Origin {
    known ??= store.get(entry);
    if (known) return known;
    const position = context.position();
    if (!position) return { offset: 0, receivedAt: 0 };
    known = { offset: position.offset, receivedAt: position.timestamp };
    store.put(entry, known, position.timestamp);
    return known;
  };
}

/** From when on windows are whole: every record that was lost to retention is of a time before. */
export function wholeFrom({ offset, receivedAt }: Origin): number {
  return offset === 0 ? 0 : receivedAt + maxAheadMs + 1;
}
