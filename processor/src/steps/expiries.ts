// When the logs of raw offsets expire: for the ledger, which must know whether a command deletes a log that
// has expired already. Neighbours mostly expire in the same hour, so runs of them are kept.
import { windowSizes } from '@activity/contracts';
import type { KeyValueStore } from '@activity/streams';
import { blockOf } from './bit-block.ts';

/** The runs of a block: the first offset of each, and its hour since 1970; 0: never. */
type Runs = number[];

function hourOf(runs: Runs, offset: number): number {
  let low = 0;
  let high = runs.length / 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((runs[2 * middle] ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? 0 : (runs[2 * low - 1] ?? 0);
}

/**
 * The expiries of a partition's logs, beside the ledger's entries in its store. Nothing is kept, and next to
 * nothing done, while no log expires.
 */
export class Expiries {
  readonly #store: KeyValueStore<string, Runs>;
  /** What changed since the last commit. */
  readonly #open = new Map<number, Runs>();
  /** The block and the hour that the last offset was in. */
  #block = -1;
  #hour = 0;

  constructor(store: KeyValueStore<string, Runs>) {
    this.#store = store;
  }

  /** Notes the expiry of a log, in epoch milliseconds. Offsets grow. */
  add(offset: number, expiresAt: number | undefined): void {
    const block = blockOf(offset);
    if (block !== this.#block) {
      this.#block = block;
      this.#hour = this.#runs(block).at(-1) ?? 0;
    }
    const hour = expiresAt === undefined ? 0 : expiresAt / windowSizes.hour;
    if (hour === this.#hour) return;
    this.#hour = hour;
    const runs = this.#open.get(block) ?? [...this.#runs(block)];
    runs.push(offset, hour);
    this.#open.set(block, runs);
  }

  /** When the log of an offset expires, in epoch milliseconds; undefined: never. */
  of(offset: number): number | undefined {
    const hour = hourOf(this.#runs(blockOf(offset)), offset);
    return hour === 0 ? undefined : hour * windowSizes.hour;
  }

  /** Writes what changed to the store. */
  commit(timestamp: number): void {
    for (const [block, runs] of this.#open) this.#store.put(keyOf(block), runs, timestamp);
    this.#open.clear();
  }

  /** Drops what changed. */
  forget(): void {
    this.#open.clear();
    this.#block = -1;
  }

  #runs(block: number): Runs {
    return this.#open.get(block) ?? this.#store.get(keyOf(block)) ?? [];
  }
}

function keyOf(block: number): string {
  return `expiries|${block}`;
}
