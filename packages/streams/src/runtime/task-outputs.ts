// What a task writes: gives records to its steps and sinks, and lets those fail alone that no input record
// stands for.
import type { StreamRecord } from '../api/record.ts';
import type { ProcessorNode, SinkNode } from '../topology/topology.ts';
import type { Collector, OnRefused, OutputRecord } from './collector.ts';
import { serializeOrNull, type NodeOutputs } from './node-graph.ts';
import { isFinal, stageOf, type FailedOutput, type TaskFailures } from './task-failures.ts';

/** What the outputs of a task are made of. */
export interface TaskOutputsOptions {
  partition: number;
  collector: Collector;
  failures: TaskFailures;
  topicName: (name: string) => string;
  /** Counts a record that no topic takes. */
  dropped: (reason: string) => void;
}

/** See the top of this file. */
export class TaskOutputs implements NodeOutputs {
  readonly #options: TaskOutputsOptions;
  #isAlone = false;

  constructor(options: TaskOutputsOptions) {
    this.#options = options;
  }

  /** No input record is being processed: each record that is passed on or written fails alone. */
  get isAlone(): boolean {
    return this.#isAlone;
  }

  /**
   * Does work that no input record stands for: what fails of it fails alone. `what` names it, and `node` is
   * the step that does it.
   */
  alone(what: string, node: string, work: () => void): void {
    // A punctuator may pass on what a later step then passes on alone.
    const before = this.#isAlone;
    this.#isAlone = true;
    try {
      work();
    } catch (error) {
      this.#failed({ what, node }, error);
    } finally {
      this.#isAlone = before;
    }
  }

  /** Gives a record to a step, where it fails alone. */
  process(
    { name }: ProcessorNode,
    process: (record: StreamRecord<unknown, unknown>) => void,
    record: StreamRecord<unknown, unknown>,
  ): void {
    try {
      process(record);
    } catch (error) {
      this.#failed({ what: `a record for ${name}`, node: name, record }, error);
    }
  }

  /** Writes a record to the topic of a sink. */
  send(node: SinkNode, record: StreamRecord<unknown, unknown>): void {
    if (node.dropsNullKeys === true && (record.key === undefined || record.key === null)) {
      this.#options.dropped('null-key');
      return;
    }
    if (!this.#isAlone) {
      this.#write(node, record);
      return;
    }
    const failed: FailedOutput = { what: `a record for ${node.name}`, node: node.name, record };
    try {
      this.#write(node, record, failed);
    } catch (error) {
      this.#failed(failed, error);
    }
  }

  /** Writes a dead letter. */
  collect({ topic, key, value, timestamp, headers, partition, onRefused }: OutputRecord): void {
    const { collector, partition: source } = this.#options;
    collector.send(topic, key, value, timestamp, headers, partition, source, onRefused);
  }

  #failed(failed: FailedOutput, error: unknown): void {
    if (isFinal(error)) throw error;
    const letter = this.#options.failures.ofOutput(stageOf(error), failed, error);
    if (letter) this.collect(letter);
  }

  /** `failed` takes note of what is written, for the case that the broker refuses it. */
  #write(node: SinkNode, record: StreamRecord<unknown, unknown>, failed?: FailedOutput): void {
    const { collector, topicName, failures, partition: source } = this.#options;
    const topic = typeof node.topic === 'string' ? topicName(node.topic) : node.topic(record);
    if (failed) failed.what = `a record for topic ${topic}`;
    const key = serializeOrNull(node.keySerde, record.key, 'key', topic);
    if (failed) failed.key = key;
    const value = serializeOrNull(node.valueSerde, record.value, 'value', topic);
    if (failed) failed.value = value;
    const { partitioner } = node;
    const choose = partitioner && ((partitions: number) => partitioner(record, partitions, source));
    const onRefused = failed && onRefusedOf(failures, failed);
    collector.send(topic, key, value, record.timestamp, record.headers, choose, source, onRefused);
  }
}

function onRefusedOf(failures: TaskFailures, failed: FailedOutput): OnRefused {
  return (error) => failures.ofOutput('production', failed, error);
}
