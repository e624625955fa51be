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
/**
 * Where records take less than this each, the clock is read after every fourth: reading it would be a part of
 * what a record costs. Where a record takes long, it is read after each, at the latest three records later.
 */
const quickMs = 0.05;
const quickRecords = 4;

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
    let readAt = began;
    let readAfter = 0;
    let next = 1;
    const isOver = (): boolean => {
      if (++records % recordsPerLook === 0 && commits.isFull()) return true;
      if (records < next) return false;
      const at = performance.now();
      const isQuick = at - readAt < quickMs * (records - readAfter);
      next = records + (isQuick ? quickRecords : 1);
      readAt = at;
      readAfter = records;
      return at - began >= turnMs;
    };
    const done = task.process(commits.room(), isOver);
    if (done === 0) return 0;
    this.#metrics.processed(task.id, done, performance.now() - began);
    commits.processed(task, done);
    return done;
  }
}
