// The calls of a thread's tasks: passes on what came of those that have settled, and waits for the others
// before a commit.
import { RetriableError } from '../../api/errors.ts';
import type { CallHost } from '../step-calls.ts';
import type { Task } from '../task.ts';

/** Results are passed on for at most so long before the thread does something else. */
const sliceMs = 20;

/** See the top of this file. */
export class ThreadCalls {
  /** What tasks need of it. */
  readonly host: CallHost;
  #hasNews = false;
  #wakeDrain: () => void = () => {};

  /** `onSettled` is called where a call has settled. */
  constructor(onSettled: () => void) {
    this.host = {
      after(ms, then) {
        const timer = setTimeout(then, ms);
        return () => clearTimeout(timer);
      },
      random: Math.random,
      onSettled: () => {
        if (this.#hasNews) return;
        this.#hasNews = true;
        this.#wakeDrain();
        onSettled();
      },
    };
  }

  /** Whether calls have settled that nobody has passed on. */
  get hasNews(): boolean {
    return this.#hasNews;
  }

  /** Passes on what came of settled calls, for one slice of time. */
  deliver(tasks: readonly Task[]): void {
    if (!this.#hasNews) return;
    this.#hasNews = false;
    const end = performance.now() + sliceMs;
    for (const task of tasks) {
      task.deliver(() => performance.now() >= end);
      if (performance.now() < end) continue;
      this.#hasNews = true;
      return;
    }
  }

  /**
   * Prepares tasks that await for a commit. Returns whether all are: until then it is to be called again
   * after {@link deliver}.
   */
  prepare(tasks: readonly Task[]): boolean {
    let prepared = true;
    for (const task of tasks) if (task.awaits && !task.prepareCommit()) prepared = false;
    return prepared;
  }

  /**
   * Prepares tasks, and waits for their calls.
   * @throws RetriableError where they have not settled after `withinMs` milliseconds: then their records are
   * to be processed again.
   */
  async drain(tasks: () => readonly Task[], withinMs: number): Promise<void> {
    const end = performance.now() + withinMs;
    for (;;) {
      const all = tasks();
      this.deliver(all);
      if (this.prepare(all)) return;
      if (this.#hasNews) continue;
      const leftMs = end - performance.now();
      if (leftMs <= 0) throw undrained(all, withinMs);
      await this.#settledWithin(leftMs);
    }
  }

  #settledWithin(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wakeDrain = () => {
        this.#wakeDrain = () => {};
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function undrained(tasks: readonly Task[], ms: number): RetriableError {
  const held = tasks.filter(({ callsHeld }) => callsHeld > 0);
  const text = held.map(({ id, callsHeld }) => `${callsHeld} of task ${id}`).join(', ');
  return new RetriableError(
    'TIMED_OUT',
    `waited ${ms} ms for calls of steps that await (${text}); their records are processed again`,
  );
}
