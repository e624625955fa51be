// Up to where a file is acknowledged: blocks of its records are settled in any order, and count in theirs.
import type { Reject } from './rejects-file.ts';
import type { Position } from './split-records.ts';

/** A block of records, from the first to be written until all of them are settled. */
interface Block {
  end: Position;
  /** Records that are not settled yet. */
  pending: number;
  /** What it adds to what is stored. */
  stored: number;
  rejects: Reject[];
  /** All its records are handed over. */
  closed: boolean;
}

/** What is done with the blocks that count. */
export interface Settled {
  end: Position;
  stored: number;
  rejects: readonly Reject[];
}

/** Hands over, in the order of the file, the blocks all of whose records are settled. */
export class Acknowledged {
  readonly #onSettled: (settled: Settled) => void;
  readonly #blocks: Block[] = [];

  constructor(onSettled: (settled: Settled) => void) {
    this.#onSettled = onSettled;
  }

  /** Whether all that was handed over counts. */
  get idle(): boolean {
    return this.#blocks.length === 0;
  }

  /** Begins a block that ends there. */
  begin(end: Position): OpenBlock {
    const block: Block = { end, pending: 0, stored: 0, rejects: [], closed: false };
    this.#blocks.push(block);
    const settle = (): void => {
      if (block.pending === 0 && block.closed && block === this.#blocks[0]) this.#advance();
    };
    return {
      written: () => {
        block.pending++;
      },
      acknowledged() {
        block.pending--;
        block.stored++;
        settle();
      },
      refused(reject) {
        block.pending--;
        block.rejects.push(reject);
        settle();
      },
      reject: (reject) => {
        block.rejects.push(reject);
      },
      close() {
        block.closed = true;
        settle();
      },
    };
  }

  #advance(): void {
    while (this.#blocks[0]?.closed === true && this.#blocks[0].pending === 0) {
      const block = this.#blocks.shift();
      // The broker refuses records when it sees them: later than the edge’s own check.
      if (block) this.#onSettled({ ...block, rejects: block.rejects.toSorted((a, b) => a.line - b.line) });
    }
  }
}

/** A block whose records are handed over one by one. */
export interface OpenBlock {
  /** A record is on its way to the broker. */
  written: () => void;
  /** A record that was on its way is in the topic. */
  acknowledged: () => void;
  /** The broker does not take a record that was on its way. */
  refused: (reject: Reject) => void;
  /** A record is not sent at all. */
  reject: (reject: Reject) => void;
  /** No more records. */
  close: () => void;
}
