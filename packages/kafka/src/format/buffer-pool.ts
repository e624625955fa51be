// Buffers that are filled again once the broker has what was in them: fresh ones cost page faults, and
// garbage collections.

const smallest = 16_384;
/** What is kept for use again; more than that is left to the garbage collector. */
const maxKeptBytes = 16 * 1024 * 1024;

/** Lends buffers whose sizes are powers of two. What they hold at first is what their last user left. */
export class BufferPool {
  readonly #free = new Map<number, Buffer[]>();
  #kept = 0;

  /** A buffer of at least `bytes` bytes, the caller's until it is given back. */
  take(bytes: number): Buffer {
    const size = Math.max(smallest, 2 ** Math.ceil(Math.log2(bytes)));
    const buffer = this.#free.get(size)?.pop();
    if (!buffer) return Buffer.allocUnsafeSlow(size);
    this.#kept -= size;
    return buffer;
  }

  /** Takes back a buffer that nobody reads any more. */
  give(buffer: Buffer): void {
    if (this.#kept + buffer.length > maxKeptBytes) return;
    this.#kept += buffer.length;
    const free = this.#free.get(buffer.length);
    if (free) free.push(buffer);
    else this.#free.set(buffer.length, [buffer]);
  }
}
