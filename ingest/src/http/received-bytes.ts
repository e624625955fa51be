// How many bytes all bodies together hold in memory, from their first byte to the end of their requests.
import { FailureError } from '@activity/service';

/** What the count needs. */
export interface ReceivedBytesOptions {
  /** How many bytes may be held at one time. */
  maxBytes: number;
  /**
   * A body that has been arriving for longer gives way when there is no room left, in milliseconds. Default
   * 3,000.
   */
  slowAfterMs?: number;
  now?: () => number;
}

/** One body, as far as the count goes. */
export interface CountedBody {
  /** When its first bytes came, as `now` says it. */
  since: number;
  /** The bytes that it holds. */
  held: number;
  /** Its neighbours among the bodies that are arriving; only the count changes them. */
  older: CountedBody | undefined;
  newer: CountedBody | undefined;
  /** Refuses its request: the body is to let go of what it holds. */
  refuse: (failure: FailureError) => void;
}

/**
 * Counts what bodies hold. Where there is no room left, the bodies that have been arriving for longest and
 * are slow give way: a client that begins many bodies and ends none keeps nobody from sending. Where none is
 * slow, the new bytes are refused.
 */
export class ReceivedBytes {
  readonly #options: ReceivedBytesOptions;
  readonly #slowAfterMs: number;
  readonly #now: () => number;
  // The bodies that are not complete, linked from the oldest to the newest: a Set would be made again and
  // again, as each request adds a body and removes it.
  #oldest: CountedBody | undefined;
  #newest: CountedBody | undefined;
  #held = 0;

  constructor(options: ReceivedBytesOptions) {
    this.#options = options;
    this.#slowAfterMs = options.slowAfterMs ?? 3_000;
    this.#now = options.now ?? (() => performance.now());
  }

  /** The bytes that all bodies hold. */
  get held(): number {
    return this.#held;
  }

  /** Begins to watch a body that is arriving. */
  begin(body: CountedBody): void {
    body.since = this.#now();
    body.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = body;
    else this.#newest.newer = body;
    this.#newest = body;
  }

  /** All of a body is here: it cannot be slow any more. Idempotent. */
  complete(body: CountedBody): void {
    const { older, newer } = body;
    if (this.#oldest === body) this.#oldest = newer;
    if (this.#newest === body) this.#newest = older;
    if (older !== undefined) older.newer = newer;
    if (newer !== undefined) newer.older = older;
    body.older = undefined;
    body.newer = undefined;
  }

  /**
   * Takes room for more bytes of a body.
   *
   * @throws FailureError unavailable where there is none, timeout where this body is the slow one.
   */
  take(body: CountedBody, bytes: number): void {
    if (this.#held + bytes > this.#options.maxBytes) this.#makeRoom(body, bytes);
    body.held += bytes;
    this.#held += bytes;
  }

  /** Takes back all of a body's room. Idempotent. */
  release(body: CountedBody): void {
    this.complete(body);
    this.#held -= body.held;
    body.held = 0;
  }

  #makeRoom(asking: CountedBody, bytes: number): void {
    for (let slow = this.#oldest; slow !== undefined; slow = this.#oldest) {
      if (this.#now() - slow.since < this.#slowAfterMs) break;
      this.release(slow);
      if (slow === asking) throw tooSlow();
      slow.refuse(tooSlow());
      if (this.#held + bytes <= this.#options.maxBytes) return;
    }
    throw new FailureError({
      kind: 'unavailable',
      message: 'too much is being received: send it again later',
      retryAfterSeconds: 1,
    });
  }
}

function tooSlow(): FailureError {
  return new FailureError({
    kind: 'timeout',
    message: 'the body arrived too slowly, and others needed its room: send it again',
  });
}
