// Whether MongoDB responds at all while reads wait for it: a server that is stopped, or gone without a word,
// closes no connection.

/** MongoDB did not respond to a ping in time. */
export class MongoSilentError extends Error {
  override name = 'MongoSilentError';
}

/** What a pulse needs. Times in milliseconds. */
export interface PulseOptions {
  /** Asks MongoDB for nothing, on a connection that no read uses. */
  ping: () => Promise<unknown>;
  /** How long a ping may take. */
  silentAfterMs?: number;
  /** How long to wait between pings. */
  everyMs?: number;
}

/**
 * Pings MongoDB while reads wait, and fails them once it is silent. A read that takes long on a server that
 * responds goes on.
 */
export class Pulse {
  readonly #options: Required<PulseOptions>;
  readonly #waiting = new Set<(reason: Error) => void>();
  #beating = false;
  #silent = false;

  constructor({ silentAfterMs = 1_400, everyMs = 250, ...options }: PulseOptions) {
    this.#options = { ...options, silentAfterMs, everyMs };
  }

  /**
   * Resolves or rejects as `work` does. @throws MongoSilentError once MongoDB is silent; at once while it is
   * known to be
   */
  async guard<T>(work: () => Promise<T>): Promise<T> {
    if (this.#silent) throw new MongoSilentError('MongoDB does not respond');
    const { promise: silence, reject } = Promise.withResolvers<never>();
    this.#waiting.add(reject);
    void this.#beat();
    try {
      return await Promise.race([work(), silence]);
    } finally {
      this.#waiting.delete(reject);
    }
  }

  /** Pings while reads wait, and, once MongoDB is silent, until it responds again. */
  async #beat(): Promise<void> {
    if (this.#beating) return;
    this.#beating = true;
    const { ping, silentAfterMs, everyMs } = this.#options;
    while (this.#waiting.size > 0 || this.#silent) {
      const late = setTimeout(() => this.#fallSilent(), silentAfterMs);
      await ping().then(
        () => (this.#silent = false),
        () => {},
      );
      clearTimeout(late);
      await new Promise((resolve) => {
        setTimeout(resolve, everyMs).unref();
      });
    }
    this.#beating = false;
  }

  #fallSilent(): void {
    this.#silent = true;
    for (const reject of this.#waiting) reject(new MongoSilentError('MongoDB does not respond'));
  }
}
