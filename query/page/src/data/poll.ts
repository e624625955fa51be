// Reading something again and again: at its pace, slower while it fails, not at all while nobody looks.
import { ApiError } from './api.ts';
import { retryDelay } from './resource.ts';

/** What a poll is made of. */
export interface PollOptions<T> {
  read: (signal: AbortSignal) => Promise<T>;
  /** After an answer; undefined: once it has answered, only when told to. */
  everyMs: number | undefined;
  answered: (data: T) => void;
  failed: (error: ApiError) => void;
  /** Whether nobody looks. */
  hidden: () => boolean;
}

/** A poll that runs. */
export interface Poll {
  /** Reads now; once more after the reading under way, which may have begun before the wish. */
  now: () => void;
  /** Goes on, or pauses, as `hidden` says. */
  look: () => void;
  stop: () => void;
}

/** Another attempt is of no use before the question, the key or the sign-in changes. */
function isLasting({ kind }: ApiError): boolean {
  return kind === 'invalid' || kind === 'forbidden' || kind === 'unauthorized';
}

const missingMs = 5_000;

/** Starts reading. */
export function startPoll<T>({ read, everyMs, answered, failed, hidden }: PollOptions<T>): Poll {
  const stopped = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let reading = false;
  let wanted = false;
  let failures = 0;
  let done = false;

  /** Reads once and says after how long it wants to again. */
  async function attempt(): Promise<number | undefined> {
    try {
      const data = await read(stopped.signal);
      failures = 0;
      if (!stopped.signal.aborted) answered(data);
      return everyMs;
    } catch (error) {
      if (stopped.signal.aborted) return undefined;
      if (!(error instanceof ApiError)) throw error;
      failures++;
      failed(error);
      if (isLasting(error)) return undefined;
      return Math.max(retryDelay(failures, error), error.kind === 'not-found' ? missingMs : 0);
    }
  }

  async function run(): Promise<void> {
    wanted = true;
    if (reading) return;
    reading = true;
    clearTimeout(timer);
    let next: number | undefined;
    while (wanted && !stopped.signal.aborted) {
      wanted = false;
      next = await attempt();
    }
    reading = false;
    done = next === undefined;
    if (!done && !hidden() && !stopped.signal.aborted) timer = setTimeout(now, next);
  }

  function now(): void {
    void run();
  }

  now();
  return {
    now,
    look: () => {
      if (hidden()) clearTimeout(timer);
      else if (!done) now();
    },
    stop: () => {
      stopped.abort();
      clearTimeout(timer);
    },
  };
}
