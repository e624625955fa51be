// A task: one partition of a sub-topology. It takes records in event-time order through the nodes, and takes
// part in commits: seal (the transaction begins), then commit or abort.
import { partitionName, type CommitResult, type CommittedOffset } from '@activity/kafka';
import { FatalError } from '../api/errors.ts';
import type { StreamRecord } from '../api/record.ts';
import type { ProcessorContext } from '../api/processor.ts';
import type { ProcessorNode } from '../topology/topology.ts';
import { AsyncCalls } from './async-calls.ts';
import { HeldBack } from './held-back.ts';
import { InputFailures } from './input-failures.ts';
import { InputHeads } from './input-heads.ts';
import { wireNodes, type NodeGraph } from './node-graph.ts';
import type { RecordPlace } from './commit-isolation.ts';
import { processorContext } from './processor-context.ts';
import type { StartOffset } from './start-positions.ts';
import { Punctuators } from './punctuators.ts';
import { RecordQueue } from './record-queue.ts';
import { TaskFailures } from './task-failures.ts';
import { StepClocks } from './step-clocks.ts';
import {
  inputTopicsOf,
  offsetOf,
  positionOf,
  seekInput,
  type Fetched,
  type Parsed,
  type TaskInput,
} from './task-input.ts';
import { TaskIdling } from './task-idling.ts';
import { TaskMoment } from './task-moment.ts';
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
  readonly #heads: InputHeads;
  readonly #heldBack = new HeldBack();
  readonly #moment = new TaskMoment();
  /** Undefined where no step awaits. */
  readonly #calls: AsyncCalls | undefined;
  readonly #failures: TaskFailures;
  readonly #inputFailures: InputFailures;
  readonly #outputs: TaskOutputs;
  #hasPunctuated = false;
  #last: Fetched | undefined;

  constructor(options: TaskOptions) {
    this.#options = options;
    this.partition = options.partition;
    this.id = taskIdOf(options.subTopology.id, options.partition);
    const { partition, metrics, collector, topicName, failures, counts = new TopologyCounts() } = options;
    this.#counts = counts;
    this.#failures = new TaskFailures({ taskId: this.id, partition, failures, metrics, counts });
    const outputs = new TaskOutputs({
      partition,
      collector,
      topicName,
      failures: this.#failures,
      dropped: (reason) => metrics.dropped(this.id, reason),
    });
    this.#outputs = outputs;
    this.stores = options.openStores({
      streamTime: () => this.#moment.streamTime,
      arrivalTime: () => this.#moment.arrivalTime,
      eventTime: () => this.#moment.eventTime(options.now),
      stepClock: (name) => this.#clocks.of(name),
    });
    const inputFailures = new InputFailures({
      failures: this.#failures,
      outputs,
      refusals: options.refusals,
    });
    this.#inputFailures = inputFailures;
    const moment = this.#moment;
    const awaits = options.subTopology.nodes.some((node) => node.kind === 'processor' && node.calls);
    if (awaits) {
      const { calls: host } = options;
      if (!host) throw new FatalError('TOPOLOGY_INVALID', `task ${this.id} has steps that await`);
      this.#calls = new AsyncCalls({
        taskId: this.id,
        host,
        metrics,
        counts,
        moment,
        outputs,
        inputFailures,
      });
    }
    this.#graph = wireNodes(options.subTopology.nodes, {
      context: (node, forward, forwardTo) => this.#context(node, forward, forwardTo),
      awaiting: (node, processor) => (this.#calls as AsyncCalls).add(node, processor),
      outputs,
      counts,
    });
    for (const { node, topic, partitions } of inputTopicsOf(options)) {
      const queue = new RecordQueue(topic, partition, 0);
      const read = counts.edge(topic, undefined, node.name);
      const enter = this.#graph.entry(node.name);
      this.#inputs.push({ queue, node, partitions, read, enter, head: undefined });
    }
    this.#heads = new InputHeads({
      inputs: this.#inputs,
      idling: new TaskIdling(options.maxTaskIdleMs ?? -1),
      endsAt: (input, source) => inputFailures.endsAt(input, source),
      onUnreadable: (record, error) =>
        inputFailures.failed('deserialization', record, error, inputFailures.refusal(record) !== undefined),
      onUntimed: ({ node }) => {
        metrics.dropped(this.id, 'invalid-timestamp');
        counts.node(node.name).dropped++;
      },
      onPassedOver: (record) => {
        record.input.read.records++;
        this.#last = record;
      },
    });
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
    return this.#moment.streamTime;
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
    return this.#inputFailures.failure;
  }

  /** Whether this error ends the application for one of this task's records. */
  endsWith(error: unknown): boolean {
    return this.#inputFailures.endsWith(error);
  }

  /**
   * Reads on from these offsets: drops what was buffered, and takes the clocks from the offsets' metadata.
   */
  seek(offsets: readonly StartOffset[], topicIds: ReadonlyMap<string, string> = new Map()): void {
    const moment = this.#moment;
    moment.streamTime = moment.arrivalTime = -1;
    this.#inputFailures.reset();
    this.#heads.reset();
    this.#clocks.reset();
    for (const input of this.#inputs) {
      seekInput(input, offsets, topicIds, this.#clocks);
      moment.streamTime = Math.max(moment.streamTime, input.queue.partitionTime);
      moment.arrivalTime = Math.max(moment.arrivalTime, input.queue.arrivalTime);
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
    while (done < limit && !this.#takesNoMore()) {
      const input = this.#heads.next();
      const passedOver = this.#heads.takePassedOver();
      if (passedOver > 0) {
        done += passedOver;
        if (isOver()) break;
        continue;
      }
      if (!input || this.#inputFailures.hasReachedEnd) break;
      this.#processHead(input);
      if (streamTimed) this.#punctuators.punctuate('stream-time', this.#moment.streamTime);
      done++;
      if (isOver()) break;
    }
    return done;
  }

  /** Calls the punctuators that follow the time of day. */
  punctuateWallClock(): boolean {
    // What is called now could make calls that the commit being prepared would have to wait for.
    if (this.#heldBack.isPreparing) return false;
    return this.#punctuators.punctuate('wall-clock', this.#options.now());
  }

  /** Whether a punctuator was called since the last commit began. */
  get hasPunctuated(): boolean {
    return this.#hasPunctuated;
  }

  /** Whether a step awaits calls: its task must be prepared for a commit before the commit begins. */
  get awaits(): boolean {
    return this.#calls !== undefined;
  }

  /** How many records wait for calls, or for what came of one to be passed on. */
  get callsHeld(): number {
    return this.#calls?.size ?? 0;
  }

  /** Passes on what came of calls that have settled, until `isOver`. Returns how many there were. */
  deliver(isOver: () => boolean = () => false): number {
    return this.#calls?.deliver(isOver) ?? 0;
  }

  /**
   * Prepares a commit: from the first call on, the task takes no records until it is sealed or aborted. Lets
   * processors forward what they held back, one after the other, so that what one forwards reaches the next
   * one. Returns whether everything was forwarded and no call is left; otherwise it is to be called again,
   * after {@link deliver}.
   */
  prepareCommit(): boolean {
    const isAlone = this.#options.refusals.isHeldBackAlone;
    return this.#heldBack.pass(
      () => this.callsHeld === 0,
      (step, beforeCommit) =>
        this.#moment.forwarding(() => {
          if (isAlone) this.#outputs.alone(`what ${step} held back for a commit`, step, beforeCommit);
          else beforeCommit();
        }),
    );
  }

  /** Begins a commit: changelog records go to the collector; returns the offsets to commit. */
  seal(): CommittedOffset[] {
    this.#punctuators.seal();
    this.#hasPunctuated = false;
    this.#heldBack.seal();
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
    this.#calls?.abandon(`task ${this.id} goes back to the last commit`);
    for (const { store } of this.stores) store.abort();
    this.#heldBack.abort();
    for (const input of this.#inputs) {
      input.head = undefined;
      input.queue.processedBytes = 0;
    }
  }

  /** Nobody waits for the calls in flight any more: the task is gone. */
  abandonCalls(): void {
    this.#calls?.abandon(`task ${this.id} is closed`);
  }

  /** Closes the processors. Stores are closed by their owner. */
  close(): void {
    this.abandonCalls();
    this.#graph.close();
  }

  /** A commit is being prepared, or a step that awaits is full. */
  #takesNoMore(): boolean {
    return this.#heldBack.isPreparing || this.#calls?.isFull === true;
  }

  #processHead(input: TaskInput): void {
    const head = input.head as Parsed;
    const { record, source } = head;
    const { queue } = input;
    input.head = undefined;
    input.read.records++;
    if (record.timestamp > queue.partitionTime) queue.partitionTime = record.timestamp;
    const moment = this.#moment;
    if (record.timestamp > moment.streamTime) moment.streamTime = record.timestamp;
    if (source.timestamp > queue.arrivalTime) queue.arrivalTime = source.timestamp;
    if (source.timestamp > moment.arrivalTime) moment.arrivalTime = source.timestamp;
    moment.current = this.#last = head;
    try {
      const refusal = this.#inputFailures.refusal(head);
      if (refusal) this.#inputFailures.failed('production', head, refusal.error, refusal.times > 1);
      else input.enter(record);
    } catch (error) {
      this.#inputFailures.threw(head, error);
    } finally {
      moment.current = undefined;
    }
    queue.advance();
  }

  #callPunctuator(step: string, callback: (timestamp: number) => void, time: number): void {
    const what = `a punctuator of ${step}`;
    const { refusedCalls } = this.#options.refusals;
    this.#hasPunctuated = true;
    this.#moment.forwarding(() =>
      this.#outputs.alone(what, step, () => {
        if (refusedCalls) throw refusedCalls.error;
        callback(time);
      }),
    );
  }

  #context(
    node: ProcessorNode,
    forward: (record: StreamRecord<unknown, unknown>) => void,
    forwardTo: (output: string, record: StreamRecord<unknown, unknown>) => void,
  ): ProcessorContext<unknown, unknown> {
    const { metrics, now } = this.#options;
    const inTurn = (work: () => void): void => {
      this.#moment.checkTurn(node.name);
      work();
    };
    return processorContext({
      node,
      taskId: this.id,
      partition: this.partition,
      stores: this.stores,
      globalStores: this.#options.globalStores,
      metrics,
      count: this.#counts.node(node.name),
      now,
      streamTime: () => this.#moment.streamTime,
      forward: node.calls ? (record) => inTurn(() => forward(record)) : forward,
      forwardTo: node.calls ? (to, record) => inTurn(() => forwardTo(to, record)) : forwardTo,
      forwardAlone: (record) => this.#alone(node.name, () => forward(record)),
      clock: (name) => this.#clocks.of(name),
      schedule: (intervalMs, type, callback) =>
        this.#punctuators.add(type, intervalMs, now(), (time) =>
          this.#callPunctuator(node.name, callback, time),
        ),
      onCommit: (callbacks) => this.#heldBack.add(node.name, callbacks),
      position: () => this.#moment.current && positionOf(this.#moment.current),
      deadLetter: (reason, message) => this.#deadLetterOf(node, reason, message),
    });
  }

  /** Does work that the record being processed does not stand for. */
  #alone(step: string, work: () => void): void {
    this.#moment.without(() => this.#outputs.alone(`a record of ${step}`, step, work));
  }

  #deadLetterOf(node: ProcessorNode, reason: string, message: string): void {
    const { current } = this.#moment;
    if (!current) throw new FatalError('PROCESSING_FAILED', `${node.name} dead-letters outside of a record`);
    const { input, source } = current;
    const failed = { topic: input.queue.topic, source, node: node.name };
    this.#outputs.collect(this.#failures.inputLetter(failed, { stage: node.name, reason, message }, false));
  }
}
