// Decisions: which raw records are duplicates. They are in a topic that every application id reads back, so
// that a record that is read again is decided as it was the first time,
// even if retention has deleted the first copy.
import type { KeyValueStore, ProcessorContext } from '@activity/streams';
import { blockOf, newBlock, readBits, writeBits } from './bit-block.ts';

/** What a duplicate was found to be: the same again, or another body under the same id. */
export type Decision = 'duplicate' | 'conflicting';

/** The store's name; its changelog is the decisions topic. */
export const decisionsStore = 'decisions';

/** Each raw offset has two bits: one of these codes, or 0. */
const bitsEach = 2;
const codes = { duplicate: 1, conflicting: 2 } as const;

/**
 * Blocks are deleted that much later than their newest record: raw,
 * which they are of, is kept for half as long.
 */
const keptMs = 60 * 86_400_000;
/** The key under which the oldest block that may be there is kept. */
const oldestKey = 'oldest';
/** Blocks that are looked for at once, at most: some offsets have none. */
const lookedForAtOnce = 64;

/** Whether a key, or what is noted as the oldest one, is the number of a block. */
function isBlock(text: string): boolean {
  return /^\d{1,15}$/.test(text);
}

/** The decisions of a partition. */
export interface Decisions {
  /** What was decided of a raw record before; undefined where it is no duplicate, or has never been read. */
  recall(offset: number): Decision | undefined;
  /** Notes what is decided of a raw record. */
  note(offset: number, decision: Decision, timestamp: number): void;
}

/** The decisions of the partition that a processor works on. */
export function decisionsOf<K, V>(context: ProcessorContext<K, V>): Decisions {
  const store: KeyValueStore<string, Buffer> = context.keyValueStore(decisionsStore);
  // A record is looked up before anything is noted of it, so that a block needs to be read once only.
  let read = -1;
  let block: Buffer | undefined;

  function oldestBlock(): number {
    const known = store.get(oldestKey);
    const text = known?.toString('latin1');
    if (text !== undefined && isBlock(text)) return Number(text);
    let oldest = Infinity;
    for (const [key] of store.all()) if (isBlock(key)) oldest = Math.min(oldest, Number(key));
    return oldest;
  }

  /** Deletes blocks of raw records that are gone: the topic is compacted, and never deleted from by time. */
  function deleteOld(before: number, timestamp: number): void {
    const first = oldestBlock();
    const last = Math.min(before, first + lookedForAtOnce);
    let next = first;
    for (; next < last; next++) {
      const known = store.getTimestamped(String(next));
      if (known === undefined) continue;
      if (known.timestamp > timestamp - keptMs) break;
      store.delete(String(next));
    }
    if (next > first || !store.get(oldestKey))
      store.put(oldestKey, Buffer.from(String(Math.min(next, before))), timestamp);
  }

  return {
    recall(offset) {
      const number = blockOf(offset);
      if (number !== read) {
        block = store.get(String(number));
        read = number;
      }
      const code = block ? readBits(block, offset, bitsEach) : 0;
      return code === 0 ? undefined : code === codes.duplicate ? 'duplicate' : 'conflicting';
    },
    note(offset, decision, timestamp) {
      const number = blockOf(offset);
      const key = String(number);
      const known = store.get(key);
      if (!known) deleteOld(number, timestamp);
      const changed = newBlock(bitsEach, known);
      writeBits(changed, offset, bitsEach, codes[decision]);
      store.put(key, changed, timestamp);
    },
  };
}
