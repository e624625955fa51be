// What every fetch is given: where to say what goes on, and when to give up.
import { setInterval } from 'node:timers';

/** Says one line about a step to whoever waits for it. */
export type Report = (line: string) => void;

/** Progress and cancellation of a long step. */
export interface FetchContext {
  report: Report;
  signal?: AbortSignal | undefined;
}

/** Says nothing. */
export function silent(): void {}

/** Runs a step, saying every five seconds that it still goes on and how far it is. */
export async function withProgress<T>(
  context: FetchContext,
  progress: () => string,
  step: () => Promise<T>,
): Promise<T> {
  const timer = setInterval(() => context.report(progress()), 5_000);
  try {
    return await step();
  } finally {
    clearInterval(timer);
  }
}
