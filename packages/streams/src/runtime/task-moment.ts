// What a task is at: the record that it processes, and its clocks.
import { FatalError } from '../api/errors.ts';
import type { Parsed } from './task-input.ts';

/** The input record that something is done for, if there is one, and the clocks as they were then. */
export interface Moment {
  readonly current: Parsed | undefined;
  readonly streamTime: number;
  readonly arrivalTime: number;
}

/** See the top of this file. */
export class TaskMoment implements Moment {
  /** The input record that is processed; undefined where there is none. */
  current: Parsed | undefined;
  /** The highest event time seen, in epoch milliseconds; -1 before the first record. */
  streamTime = -1;
  /** The highest timestamp in Kafka of a record seen; -1 before the first. */
  arrivalTime = -1;
  /** Whether steps that await may pass records on. */
  mayForward = false;

  /** The moment as it is now. */
  taken(): Moment {
    const { current, streamTime, arrivalTime } = this;
    return { current, streamTime, arrivalTime };
  }

  /** Does work at another moment, in which steps that await may pass records on. */
  at(moment: Moment, work: () => void): void {
    const before = this.taken();
    Object.assign(this, moment);
    try {
      this.forwarding(work);
    } finally {
      Object.assign(this, before);
    }
  }

  /** Does work that the record being processed does not stand for. */
  without(work: () => void): void {
    const { current } = this;
    this.current = undefined;
    try {
      work();
    } finally {
      this.current = current;
    }
  }

  /** Lets steps that await pass records on: in the turns that are theirs, never while they are called. */
  forwarding(work: () => void): void {
    const before = this.mayForward;
    this.mayForward = true;
    try {
      work();
    } finally {
      this.mayForward = before;
    }
  }

  /** @throws FatalError where a step that awaits may not pass records on. */
  checkTurn(step: string): void {
    if (this.mayForward) return;
    const text = `step ${step} forwards while its call is awaited; return what is to be forwarded, and forward it in process()`;
    throw new FatalError('PROCESSING_FAILED', text);
  }

  /**
   * When what is being processed happened: as the record says, or by the time of day where it is no record.
   */
  eventTime(now: () => number): number {
    if (this.current) return this.current.record.timestamp;
    return this.streamTime >= 0 ? this.streamTime : Math.max(0, now());
  }
}
