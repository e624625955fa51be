// Turns of tasks: each task of a thread processes for a moment, from where the last step ended, so that a
// partition with a backlog holds no other one up.
import type { RuntimeMetrics } from '../metrics.ts';
import type { Task } from '../task.ts';
import type { CommitCycle } from './commit-cycle.ts';

/** The least time that a task gets in its turn. */
const minTurnMs = 1;
const sliceMs = 20;
/** What waits for the commit is added up once for this many records. */
const recordsPerLook = 16;

/** See the top of this file. */
export class Turns {
  readonly #commits: CommitCycle;
  readonly #metrics: RuntimeMetrics;
  /** The task whose turn is next. */
  #turn = 0;

  constructor(commits: CommitCycle, metrics: RuntimeMetrics) {
    this.#commits = commits;
    this.#metrics = metrics;
  }

  /** Gives turns to these tasks for one slice of time. Returns how many records were processed. */
  take(tasks: readonly Task[]): number {
    const turnMs = Math.max(minTurnMs, sliceMs / Math.max(1, tasks.length));
    const end = performance.now() + sliceMs;
    let processed = 0;
    for (let idle = 0; idle < tasks.length && performance.now() < end && this.#commits.room() > 0;) {
      const task = tasks[this.#turn++ % tasks.length] as Task;
      const done = this.#takeTurn(task, turnMs);
      processed += done;
      idle = done === 0 ? idle + 1 : 0;
    }
    return processed;
  }

  #takeTurn(task: Task, turnMs: number): number {
    const commits = this.#commits;
    const began = performance.now();
    let records = 0;
    const isOver = (): boolean =>
      performance.now() - began >= turnMs || (++records % recordsPerLook === 0 && commits.isFull());
    const done = task.process(commits.room(), isOver);
    if (done === 0) return 0;
    this.#metrics.processed(task.id, done, performance.now() - began);
    commits.processed(task, done);
    return done;
  }
}
