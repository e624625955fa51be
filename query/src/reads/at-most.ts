// Work that is heavy for MongoDB: little of it at one time, so that the rest goes on beside it.
import { FailureError } from '@activity/service';

/** What is refused when too much waits. */
export interface AtMostOptions {
  /** How much is done at one time. */
  atOnce: number;
  /** How much may wait for its turn. */
  waiting: number;
  /** What a refused client is told. */
  message: string;
}

/** Makes what does such work in turn. @throws FailureError (503) where too much waits */
export function atMost({
  atOnce,
  waiting,
  message,
}: AtMostOptions): <T>(work: () => Promise<T>) => Promise<T> {
  const queue: (() => void)[] = [];
  let running = 0;
  return async function inTurn(work) {
    if (running >= atOnce) {
      if (queue.length >= waiting)
        throw new FailureError({ kind: 'unavailable', message, retryAfterSeconds: 5 });
      await new Promise<void>((resolve) => {
        queue.push(resolve);
      });
    } else running++;
    try {
      return await work();
    } finally {
      const next = queue.shift();
      if (next) next();
      else running--;
    }
  };
}
