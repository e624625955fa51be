// The calls of a task: those in flight, and the settled ones that wait until the task passes on what came of
// them, between two records.
import type { AsyncProcessor } from '../api/async-processor.ts';
import type { StreamRecord } from '../api/record.ts';
import type { ProcessorNode } from '../topology/topology.ts';
import type { InputFailures } from './input-failures.ts';
import type { RuntimeMetrics } from './metrics.ts';
import { StepCalls, type CallHost, type HeldRecord } from './step-calls.ts';
import type { TaskMoment } from './task-moment.ts';
import type { TopologyCounts } from './topology-counts.ts';
import type { TaskOutputs } from './task-outputs.ts';

/** What the calls of a task are made with, and what came of them is passed on with. */
export interface AsyncCallsOptions {
  taskId: string;
  host: CallHost;
  metrics: Pick<RuntimeMetrics, 'called'>;
  counts: TopologyCounts;
  moment: TaskMoment;
  outputs: TaskOutputs;
  inputFailures: InputFailures;
}

type AnyProcessor = AsyncProcessor<unknown, unknown, unknown, unknown, unknown>;

/** See the top of this file. */
export class AsyncCalls {
  readonly #options: AsyncCallsOptions;
  readonly #steps: StepCalls[] = [];
  #settled: HeldRecord[] = [];
  #nextSettled = 0;

  constructor(options: AsyncCallsOptions) {
    this.#options = options;
  }

  /** Adds a step. Returns the function that takes its records. */
  add(node: ProcessorNode, processor: AnyProcessor): (record: StreamRecord<unknown, unknown>) => void {
    const { host, moment } = this.#options;
    const { calls: settings } = node;
    if (!settings) throw new TypeError(`${node.name} awaits nothing`);
    const step = new StepCalls(node, settings, processor, host, (held) => {
      this.#settled.push(held);
      host.onSettled();
    });
    this.#steps.push(step);
    return (record) => step.take(record, moment.taken());
  }

  /** How many records wait for a call, or for what came of one to be passed on. */
  get size(): number {
    let size = 0;
    for (const step of this.#steps) size += step.size;
    return size;
  }

  /** Whether a step can do with no more records. */
  get isFull(): boolean {
    for (const step of this.#steps) if (step.isFull) return true;
    return false;
  }

  /** Passes on what came of settled calls, oldest first, until `isOver`. Returns how many there were. */
  deliver(isOver: () => boolean): number {
    let done = 0;
    while (this.#nextSettled < this.#settled.length) {
      const held = this.#settled[this.#nextSettled++] as HeldRecord;
      this.#options.moment.at(held.moment, () => this.#passOn(held));
      held.calls.delivered(held);
      done++;
      if (isOver()) break;
    }
    if (this.#nextSettled === this.#settled.length) {
      this.#settled = [];
      this.#nextSettled = 0;
    }
    if (done > 0) this.report();
    return done;
  }

  /** Counts what has happened since the last time. */
  report(): void {
    const { taskId, metrics } = this.#options;
    for (const step of this.#steps) {
      const counts = step.takeCounts();
      if (counts) metrics.called(taskId, step.node.name, counts);
    }
  }

  /** Nobody waits for what is in flight any more. */
  abandon(why: string): void {
    this.#settled = [];
    this.#nextSettled = 0;
    for (const step of this.#steps) step.abandon(new Error(why));
    this.report();
  }

  #passOn({ calls: { node, processor }, record, moment, outcome }: HeldRecord): void {
    const { counts, inputFailures, outputs } = this.#options;
    const call = (): void => {
      if (outcome && 'result' in outcome) processor.process(record, outcome.result);
      else if (processor.failed) processor.failed(record, outcome?.error as Error);
      else throw outcome?.error as Error;
    };
    const pass = (): void => {
      try {
        call();
      } catch (error) {
        counts.failed(node.name, error);
        throw error;
      }
    };
    if (!moment.current) {
      outputs.alone(node.name, node.name, () => outputs.process(node, pass, record));
      return;
    }
    try {
      pass();
    } catch (error) {
      inputFailures.threw(moment.current, error);
    }
  }
}
