// How much the compressed batches of one Fetch answer may become in memory.
import { FatalError } from '../errors.ts';

/**
 * Bytes that a batch may have when it is unpacked, and so all batches of one Fetch answer: a batch of some
 * kilobytes can become gigabytes.
 */
export const defaultMaxUnpackedBytes: number = 128 * 1024 * 1024;

/** About what a record takes in memory besides its bytes. */
const recordBytes = 128;

/** Room for the batches of one answer. A batch that does not fit any more is fetched again. */
export class UnpackBudget {
  readonly #maxBytes: number;
  #left: number;

  constructor(maxBytes: number = Number.MAX_SAFE_INTEGER) {
    this.#maxBytes = maxBytes;
    this.#left = maxBytes;
  }

  /**
   * Unpacks a batch of `count` records. Undefined where there is no room left for it in this answer.
   * @throws FatalError with BATCH_TOO_LARGE where the whole room is too small for it.
   */
  unpack(
    count: number,
    offset: number,
    unpack: (maxBytes: number) => Buffer | undefined,
  ): Buffer | undefined {
    const forRecords = Math.max(count, 0) * recordBytes;
    const bytes = forRecords > this.#left ? undefined : unpack(this.#left - forRecords);
    if (bytes) {
      this.#left -= bytes.length + forRecords;
      return bytes;
    }
    if (this.#left < this.#maxBytes) return undefined;
    throw new FatalError(
      'BATCH_TOO_LARGE',
      `the compressed batch at offset ${offset} (${count} records) unpacks to more than ${this.#maxBytes} bytes; ` +
        'raise maxUnpackedBytes where it is one of your own, else read on after it',
    );
  }
}
