// A task: one partition of a sub-topology. It takes records in event-time order through the nodes, and takes
// part in commits: seal (the transaction begins), then commit or abort.
import { partitionName, type CommitResult, type CommittedOffset, readKey, readValue } from '@activity/kafka';
import { FatalError } from '../api/errors.ts';
import type { SourceRecord, StreamRecord } from '../api/record.ts';
import type { CommitCallbacks, ProcessorContext } from '../api/processor.ts';
import type { ProcessorNode } from '../topology/topology.ts';
import type { FailureStage } from './failure-policy.ts';
import { wireNodes, type NodeGraph } from './node-graph.ts';
import { recordName, type RecordPlace, type Refusal } from './commit-isolation.ts';
import { processorContext } from './processor-context.ts';
import type { StartOffset } from './start-positions.ts';
import { Punctuators } from './punctuators.ts';
import { RecordQueue } from './record-queue.ts';
import { EndingError, isEventTime, isFinal, ownTime, stageOf, TaskFailures } from './task-failures.ts';
import { StepClocks } from './step-clocks.ts';
import { offsetOf, positionOf, seekInput, type Fetched, type Parsed, type TaskInput } from './task-input.ts';
import { TaskIdling } from './task-idling.ts';
import { taskIdOf, type TaskOptions } from './task-options.ts';
import { TaskOutputs } from './task-outputs.ts';
import { TopologyCounts } from './topology-counts.ts';
import { expiredOf, type Expired, type OpenStore } from './task-stores.ts';

/** See the top of this file. Every method is synchronous: nothing is awaited for a record. */
export class Task {
  readonly id: string;
  readonly partition: number;
  readonly stores: readonly OpenStore[];
  readonly #options: TaskOptions;
  readonly #counts: TopologyCounts;
  readonly #graph: NodeGraph;
  readonly #inputs: TaskInput[] = [];
  readonly #punctuators = new Punctuators();
  readonly #clocks = new StepClocks();
  readonly #idling: TaskIdling;
  readonly #commitCallbacks: { step: string; callbacks: CommitCallbacks }[] = [];
  readonly #failures: TaskFailures;
  readonly #outputs: TaskOutputs;
  #hasPunctuated = false;
  #streamTime = -1;
  #arrivalTime = -1;
  /** The record that ends the application, and why, once what was processed before it is committed. */
  #fatal: { topic: string; offset: number; error: FatalError } | undefined;
  #reachedFatal = false;
  /** Records that could not be read and were passed over: they count against the limits of a commit too. */
  #unreadable = 0;
  #last: Fetched | undefined;
  #current: Parsed | undefined;

  constructor(options: TaskOptions) {
    this.#options = options;
    this.partition = options.partition;
    this.id = taskIdOf(options.subTopology.id, options.partition);
    const { partition, metrics, collector, topicName, failures, counts = new TopologyCounts() } = options;
    this.#counts = counts;
    this.#failures = new TaskFailures({ taskId: this.id, partition, failures, metrics, counts });
    this.#idling = new TaskIdling(options.maxTaskIdleMs ?? -1);
    this.#outputs = new TaskOutputs({ partition, collector, topicName, failures: this.#failures });
    this.stores = options.openStores({
      streamTime: () => this.#streamTime,
      arrivalTime: () => this.#arrivalTime,
      eventTime: () => this.#eventTime(),
      stepClock: (name) => this.#clocks.of(name),
    });
    this.#graph = wireNodes(options.subTopology.nodes, {
      context: (node, forward, forwardTo) => this.#context(node, forward, forwardTo),
      outputs: this.#outputs,
      counts,
    });
    for (const node of options.subTopology.nodes) {
      if (node.kind !== 'source') continue;
      for (const name of node.topics) {
        const topic = options.topicName(name);
        const queue = new RecordQueue(topic, options.partition, 0);
        const partitions = options.partitionsOf(topic);
        const read = counts.edge(topic, undefined, node.name);
        const enter = this.#graph.entry(node.name);
        this.#inputs.push({ queue, node, partitions, read, enter, head: undefined });
      }
    }
    this.#graph.init();
    // What `init` cancels stays so.
    this.#punctuators.seal();
    this.#punctuators.commit();
  }

  /** The input partitions' queues. */
  get queues(): readonly RecordQueue[] {
    return this.#inputs.map(({ queue }) => queue);
  }

  /** About how many bytes the records have that were processed since the last commit. */
  get processedBytes(): number {
    return this.#inputs.reduce((sum, { queue }) => sum + queue.processedBytes, 0);
  }

  /** The highest event time seen, in epoch milliseconds; -1 before the first record. */
  get streamTime(): number {
    return this.#streamTime;
  }

  /** The record that was processed last. */
  get last(): RecordPlace | undefined {
    return this.#last && positionOf(this.#last);
  }

  /**
   * Why this task goes no further: the next record is to end the application. Everything before it may be
   * committed.
   */
  get failure(): FatalError | undefined {
    return this.#reachedFatal ? this.#fatal?.error : undefined;
  }

  /** Whether this error ends the application for one of this task's records. */
  endsWith(error: unknown): boolean {
    return this.#fatal !== undefined && error === this.#fatal.error;
  }

  /**
   * Reads on from these offsets: drops what was buffered, and takes the clocks from the offsets' metadata.
   */
  seek(offsets: readonly StartOffset[], topicIds: ReadonlyMap<string, string> = new Map()): void {
    this.#streamTime = this.#arrivalTime = -1;
    this.#reachedFatal = false;
    this.#unreadable = 0;
    this.#clocks.reset();
    for (const input of this.#inputs) {
      seekInput(input, offsets, topicIds, this.#clocks);
      this.#streamTime = Math.max(this.#streamTime, input.queue.partitionTime);
      this.#arrivalTime = Math.max(this.#arrivalTime, input.queue.arrivalTime);
    }
  }

  /**
   * Processes records, smallest event time first, and returns how many: at most `limit`, and none after
   * `isOver` has said so. It is asked after each record, however long a record takes, so that the thread's
   * heartbeats are not late.
   */
  process(limit: number, isOver: () => boolean = () => false): number {
    let done = 0;
    const streamTimed = this.#punctuators.has('stream-time');
    while (done < limit) {
      const input =
        this.#inputs.length === 1 ? this.#readyHead(this.#inputs[0] as TaskInput) : this.#smallest();
      if (this.#unreadable > 0) {
        done += this.#unreadable;
        this.#unreadable = 0;
        if (isOver()) break;
        continue;
      }
      if (!input || this.#reachedFatal) break;
      this.#processHead(input);
      if (streamTimed) this.#punctuators.punctuate('stream-time', this.#streamTime);
      done++;
      if (isOver()) break;
    }
    return done;
  }

  /** Calls the punctuators that follow the time of day. */
  punctuateWallClock(): boolean {
    return this.#punctuators.punctuate('wall-clock', this.#options.now());
  }

  /** Whether a punctuator was called since the last commit began. */
  get hasPunctuated(): boolean {
    return this.#hasPunctuated;
  }

  /** Lets processors forward what they held back for this commit. */
  beforeCommit(): void {
    for (const { step, callbacks } of this.#commitCallbacks) {
      if (this.#options.refusals.isHeldBackAlone)
        this.#outputs.alone(`what ${step} held back for a commit`, step, () => callbacks.beforeCommit());
      else callbacks.beforeCommit();
    }
  }

  /** Begins a commit: changelog records go to the collector; returns the offsets to commit. */
  seal(): CommittedOffset[] {
    this.#punctuators.seal();
    this.#hasPunctuated = false;
    for (const { store } of this.stores) store.seal(this.#options.collector.records);
    const offsets: CommittedOffset[] = [];
    for (const { queue } of this.#inputs) {
      queue.processedBytes = 0;
      if (!queue.moved) continue;
      queue.moved = false;
      offsets.push(offsetOf(queue, this.#clocks));
    }
    if (this.#clocks.seal() && offsets.length === 0) offsets.push(this.fence());
    return offsets;
  }

  /** An offset to commit where none has moved. */
  fence(): CommittedOffset {
    return offsetOf((this.#inputs[0] as TaskInput).queue, this.#clocks);
  }

  /** The transaction has committed. */
  commit(ends: CommitResult): void {
    this.#punctuators.commit();
    for (const { store, changelog } of this.stores) {
      store.commit(changelog && ends.get(partitionName(changelog.topic, changelog.partition)));
    }
  }

  /** Changelog partitions, with the event time and the offset that nothing in them is of use before. */
  expired(): Expired[] {
    return this.stores.flatMap((open) => expiredOf(open) ?? []);
  }

  /** The transaction has failed: everything since the last commit is forgotten; `seek` must follow. */
  abort(): void {
    this.#punctuators.abort();
    this.#hasPunctuated = false;
    for (const { store } of this.stores) store.abort();
    for (const { callbacks } of this.#commitCallbacks) callbacks.afterAbort();
    for (const input of this.#inputs) {
      input.head = undefined;
      input.queue.processedBytes = 0;
    }
  }

  /** Closes the processors. Stores are closed by their owner. */
  close(): void {
    this.#graph.close();
  }

  #readyHead(input: TaskInput): TaskInput | undefined {
    if (input.head) return input;
    const { queue } = input;
    const source = queue.peek();
    if (!source) return undefined;
    if (this.#fatal && this.#fatal.offset === source.offset && this.#fatal.topic === queue.topic) {
      this.#reachedFatal = true;
      return undefined;
    }
    input.head = this.#parse(input, source);
    if (input.head) return input;
    queue.advance();
    input.read.records++;
    this.#last = { input, source };
    this.#unreadable++;
    return undefined;
  }

  #smallest(): TaskInput | undefined {
    let smallest: TaskInput | undefined;
    let empty: RecordQueue[] | undefined;
    for (const input of this.#inputs) {
      if (!this.#readyHead(input)) {
        // What comes behind it in its partition may be older than what the others have.
        if (this.#unreadable > 0) return undefined;
        (empty ??= []).push(input.queue);
        continue;
      }
      const timestamp = (input.head as Parsed).record.timestamp;
      if (!smallest || timestamp < (smallest.head as Parsed).record.timestamp) smallest = input;
    }
    return smallest && !this.#idling.waitsFor(empty) ? smallest : undefined;
  }

  #parse(input: TaskInput, source: SourceRecord): Parsed | undefined {
    const { node } = input;
    const { headers } = source;
    let record: StreamRecord<unknown, unknown>;
    try {
      const key = readKey(node.keySerde, source);
      const value = readValue(node.valueSerde, source);
      const timestamp = node.timestamp ? node.timestamp(value, source) : ownTime(source);
      record = { key, value, timestamp, headers };
    } catch (error) {
      this.#failed('deserialization', input, source, error, this.#refusal(input, source) !== undefined);
      return undefined;
    }
    // The extractor has looked, and found none.
    if (!isEventTime(record.timestamp)) {
      this.#options.metrics.dropped(this.id, 'invalid-timestamp');
      this.#counts.node(node.name).dropped++;
      return undefined;
    }
    return { input, source, record };
  }

  #processHead(input: TaskInput): void {
    const head = input.head as Parsed;
    const { record, source } = head;
    const { queue } = input;
    input.head = undefined;
    input.read.records++;
    if (record.timestamp > queue.partitionTime) queue.partitionTime = record.timestamp;
    if (record.timestamp > this.#streamTime) this.#streamTime = record.timestamp;
    if (source.timestamp > queue.arrivalTime) queue.arrivalTime = source.timestamp;
    if (source.timestamp > this.#arrivalTime) this.#arrivalTime = source.timestamp;
    this.#current = this.#last = head;
    try {
      const refusal = this.#refusal(input, source);
      if (refusal) this.#failed('production', input, source, refusal.error, refusal.times > 1);
      else input.enter(record);
    } catch (error) {
      if (isFinal(error)) throw error;
      this.#failed(stageOf(error), input, source, error);
    } finally {
      this.#current = undefined;
    }
    queue.advance();
  }

  /** What was refused of what was written for a record. */
  #refusal({ queue }: TaskInput, { offset }: SourceRecord): Refusal | undefined {
    const { refusals } = this.#options;
    const { records } = refusals;
    return records.size > 0 ? records.get(recordName(queue.topic, queue.partition, offset)) : undefined;
  }

  #failed(stage: FailureStage, input: TaskInput, source: SourceRecord, error: unknown, isBare = false): void {
    const { node, queue } = input;
    const { topic } = queue;
    try {
      const letter = this.#failures.ofInput(stage, { topic, source, node: node.name }, error, isBare);
      if (letter) this.#outputs.collect(letter);
    } catch (failure) {
      if (failure instanceof EndingError) this.#fatal = { topic, offset: source.offset, error: failure };
      throw failure;
    }
  }

  #callPunctuator(step: string, callback: (timestamp: number) => void, time: number): void {
    const what = `a punctuator of ${step}`;
    const { refusedCalls } = this.#options.refusals;
    this.#hasPunctuated = true;
    this.#outputs.alone(what, step, () => {
      if (refusedCalls) throw refusedCalls.error;
      callback(time);
    });
  }

  #context(
    node: ProcessorNode,
    forward: (record: StreamRecord<unknown, unknown>) => void,
    forwardTo: (output: string, record: StreamRecord<unknown, unknown>) => void,
  ): ProcessorContext<unknown, unknown> {
    const { metrics, now } = this.#options;
    return processorContext({
      node,
      taskId: this.id,
      partition: this.partition,
      stores: this.stores,
      globalStores: this.#options.globalStores,
      metrics,
      count: this.#counts.node(node.name),
      now,
      streamTime: () => this.#streamTime,
      forward,
      forwardTo,
      forwardAlone: (record) => this.#alone(node.name, () => forward(record)),
      clock: (name) => this.#clocks.of(name),
      schedule: (intervalMs, type, callback) =>
        this.#punctuators.add(type, intervalMs, now(), (time) =>
          this.#callPunctuator(node.name, callback, time),
        ),
      onCommit: (callbacks) => this.#commitCallbacks.push({ step: node.name, callbacks }),
      position: () => this.#current && positionOf(this.#current),
      deadLetter: (reason, message) => this.#deadLetterOf(node, reason, message),
    });
  }

  /** Does work that the record being processed does not stand for. */
  #alone(step: string, work: () => void): void {
    const current = this.#current;
    this.#current = undefined;
    try {
      this.#outputs.alone(`a record of ${step}`, step, work);
    } finally {
      this.#current = current;
    }
  }

  #deadLetterOf(node: ProcessorNode, reason: string, message: string): void {
    if (!this.#current)
      throw new FatalError('PROCESSING_FAILED', `${node.name} dead-letters outside of a record`);
    const { input, source } = this.#current;
    const failed = { topic: input.queue.topic, source, node: node.name };
    this.#outputs.collect(this.#failures.inputLetter(failed, { stage: node.name, reason, message }, false));
  }

  /**
   * When what is being processed happened: as the record says, or by the time of day where it is no record.
   */
  #eventTime(): number {
    if (this.#current) return this.#current.record.timestamp;
    return this.#streamTime >= 0 ? this.#streamTime : Math.max(0, this.#options.now());
  }
}
