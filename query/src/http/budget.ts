// How much may wait in memory to be read by clients, all together: one that reads slowly, or not at all, must
// not cost everybody.
import { FailureError } from '@activity/service';
import type { Context } from 'hono';
import type { NodeBindings } from './route.ts';

/** The part of one answer. */
export interface Lease {
  /** Takes bytes. @throws FailureError (503) where too much waits */
  take: (bytes: number) => void;
  /** Gives all back. May be called twice. */
  end: () => void;
  /** Gives all back once the client has taken the answer, or has gone. */
  endWith: (context: Context) => void;
}

/** Hands out parts of `maxBytes` bytes. A single answer may be larger. */
export class AnswerBudget {
  readonly #maxBytes: number;
  #taken = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Begins the part of an answer. */
  lease(): Lease {
    let own = 0;
    const end = (): void => {
      this.#taken -= own;
      own = 0;
    };
    return {
      take: (bytes) => {
        const others = this.#taken - own;
        if (others > 0 && this.#taken + bytes > this.#maxBytes) {
          const message = 'too much waits to be read by clients';
          throw new FailureError({ kind: 'unavailable', message, retryAfterSeconds: 1 });
        }
        own += bytes;
        this.#taken += bytes;
      },
      end,
      endWith(context) {
        const { outgoing } = (context.env ?? {}) as NodeBindings;
        if (outgoing === undefined || outgoing.closed) end();
        else outgoing.once('close', end);
      },
    };
  }
}
