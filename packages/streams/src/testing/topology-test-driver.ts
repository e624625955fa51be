// TopologyTestDriver: runs a topology's real tasks on a log in memory and a clock turned by hand.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { partitionName, partitionOf, type CommittedOffset, RecordBatches } from '@activity/kafka';
import { deserialize, type Serde } from '../api/serde.ts';
import type { BufferStore } from '../api/buffer-store.ts';
import type { SessionStore } from '../api/session-store.ts';
import type { ExpiringStore, KeyValueStore, WindowStore } from '../api/stores.ts';
import { Collector } from '../runtime/collector.ts';
import { noRefusals } from '../runtime/commit-isolation.ts';
import { globalRows, globalStores, type GlobalRows } from '../runtime/global-tables.ts';
import type { FailurePolicy } from '../runtime/failure-policy.ts';
import { noMetrics, type RuntimeMetrics } from '../runtime/metrics.ts';
import { openStore } from '../runtime/task-stores.ts';
import { memoryState } from './memory-state.ts';
import { taskIdOf } from '../runtime/task-options.ts';
import { Task } from '../runtime/task.ts';
import { topicNames, type TopicNames } from '../runtime/topic-names.ts';
import { matchPatterns, patternsOf, resolveTopology } from '../runtime/topic-patterns.ts';
import { cacheBudget } from '../state/cache-budget.ts';
import type { Topology } from '../topology/topology.ts';
import type { PendingCommit, TestDriverOptions, TestInputTopic, TestOutputTopic } from './driver-types.ts';
import { FakeLog } from './fake-log.ts';
import { ManualTimers } from './manual-timers.ts';

/** Stops at the first failure, as Kafka Streams does unless told otherwise. */
const failOnEverything: FailurePolicy = {
  deserialization: () => 'fail',
  processing: () => 'fail',
  production: () => 'fail',
  deadLetterTopic: undefined,
};

/**
 * Tests a topology without a broker: the tasks, stores, changelogs and commits are the real ones.
 * @example
 * const driver = new TopologyTestDriver(topology);
 * driver.input('words', { key: stringSerde, value: stringSerde }).pipe('a', 'hello', 0);
 * expect(driver.output('counts', { key: stringSerde, value: numberSerde }).readAll()).toHaveLength(1);
 */
export class TopologyTestDriver {
  readonly log: FakeLog = new FakeLog();
  readonly #topology: Topology;
  readonly #names: TopicNames;
  readonly #partitions: number;
  readonly #commits: 'each' | 'manual';
  readonly #failures: FailurePolicy;
  readonly #metrics: RuntimeMetrics;
  readonly #collector = new Collector();
  #tasks = new Map<string, Task>();
  #globals: readonly GlobalRows[] = [];
  readonly #globalPositions = new Map<string, number>();
  readonly #timers = new ManualTimers();
  #now: number;

  constructor(declared: Topology, options: TestDriverOptions = {}) {
    const applicationId = options.applicationId ?? 'test';
    const matches = matchPatterns(patternsOf(declared.nodes), options.topics ?? [], applicationId);
    const topology = resolveTopology(declared, matches);
    this.#topology = topology;
    this.#names = topicNames(applicationId, topology);
    this.#partitions = options.partitions ?? 1;
    this.#now = options.now ?? 0;
    this.#commits = options.commits ?? 'each';
    this.#failures = { ...failOnEverything, ...options.failures };
    this.#metrics = { ...noMetrics, ...options.metrics };
    for (const { sourceTopics, stores } of topology.subTopologies) {
      for (const topic of sourceTopics) this.#know(this.#names.full(topic));
      for (const store of stores) if (store.changelog) this.#know(this.#names.changelog(store));
    }
    for (const { topic } of topology.globalTables) this.#know(topic);
    for (const node of topology.nodes) {
      if (node.kind === 'sink' && typeof node.topic === 'string') this.#know(this.#names.full(node.topic));
    }
    if (this.#failures.deadLetterTopic !== undefined) this.#know(this.#failures.deadLetterTopic);
    this.#openTasks();
  }

  /**
   * A topic to pipe records into. Piping throws for a topic that the topology does not read, and, with
   * `commits: 'each'`, what the topology throws.
   */
  input<K, V>(topic: string, serdes: { key: Serde<K>; value: Serde<V> }): TestInputTopic<K, V> {
    const write = <T>(serde: Serde<T>, data: T | undefined): string | Uint8Array | null =>
      data === undefined ? null : serde.serialize(data);
    return {
      pipe: (key, value, timestamp, { partition, headers = [] } = {}) => {
        const keyBytes = write(serdes.key, key);
        const chosen = partition ?? (keyBytes === null ? 0 : partitionOf(keyBytes, this.#partitions));
        const records = new RecordBatches();
        records.append(topic, chosen, timestamp, keyBytes, write(serdes.value, value), headers);
        this.log.append(records, []);
        if (this.#commits === 'each') this.commit();
      },
    };
  }

  /**
   * A topic to read what was committed to it, from its beginning.
   * Internal topics too: by `<applicationId>-<name>`.
   */
  output<K, V>(topic: string, serdes: { key: Serde<K>; value: Serde<V> }): TestOutputTopic<K, V> {
    const read = Array.from({ length: this.#partitions }, () => 0);
    const decode = <T>(serde: Serde<T>, bytes: Buffer | null): T | undefined =>
      bytes === null ? undefined : deserialize(serde, bytes);
    return {
      readAll: () =>
        read.flatMap((from, partition) => {
          const records = this.log.records(topic, partition).slice(from);
          read[partition] = from + records.length;
          return records.map(({ key, value, timestamp, headers, offset }) => {
            return {
              key: decode(serdes.key, key),
              value: decode(serdes.value, value),
              timestamp,
              headers,
              partition,
              offset,
            };
          });
        }),
    };
  }

  /**
   * Processes what is in the topics and commits,
   * until nothing more comes of it (through repartition topics, say).
   * While calls of steps that await are in flight it commits nothing: see {@link TopologyTestDriver.settle}.
   */
  commit(): void {
    do if (!this.#commitOnce()) return;
    while (this.process() > 0);
    this.#commitOnce();
  }

  /**
   * How many records wait for calls of steps that await, or for what came of one to be passed on. A commit
   * begins when it is 0.
   */
  get callsInFlight(): number {
    let calls = 0;
    for (const task of this.#tasks.values()) calls += task.callsHeld;
    return calls;
  }

  /**
   * Passes on what came of the calls of steps that await, in the order in which their promises were settled,
   * until a turn of the event loop brings no more; then, with `commits: 'each'`, commits where no call is in
   * flight. Time limits and the back-off of retries go by {@link TopologyTestDriver.advanceWallClock}, and
   * the back-off has no jitter here.
   * @example
   * answers.get('b')?.resolve('second');
   * await driver.settle();
   */
  async settle(): Promise<void> {
    for (let more = true; more;) {
      await nextTurn();
      more = false;
      for (const task of this.#tasks.values()) more = task.deliver() > 0 || more;
      if (this.#commits === 'each') this.commit();
    }
  }

  /**
   * Processes what is in the topics without committing,
   * up to `limit` records a task; returns how many that were.
   */
  process(limit: number = Number.MAX_SAFE_INTEGER): number {
    let done = 0;
    this.#readGlobals();
    for (const task of this.#tasks.values()) {
      for (const queue of task.queues) {
        const records = this.log.records(queue.topic, queue.partition).slice(queue.fetchPosition);
        if (records.length > 0) queue.add(records, queue.fetchPosition + records.length);
      }
      task.deliver();
      done += task.process(limit);
      if (task.failure) throw task.failure;
    }
    return done;
  }

  /**
   * Lets steps pass on what they hold back for a commit, and returns whether one may begin: no calls of steps
   * that await are in flight. Until the commit begins these steps' tasks take no more records.
   */
  prepareCommit(): boolean {
    let prepared = true;
    for (const task of this.#tasks.values()) prepared = task.prepareCommit() && prepared;
    return prepared;
  }

  /**
   * Begins a commit of what was processed; with `commits: 'manual'`, to decide later how it ends.
   * @throws Error where calls of steps that await are in flight.
   */
  beginCommit(): PendingCommit {
    if (!this.prepareCommit())
      throw new Error('calls are in flight: await driver.settle() until driver.callsInFlight is 0');
    const { records, offsets } = this.#seal();
    return {
      succeed: () => {
        const ends = this.log.append(records, offsets);
        for (const task of this.#tasks.values()) task.commit(ends);
      },
      fail: () => this.abort(),
      loseAnswer: () => {
        this.log.append(records, offsets);
        this.abort();
      },
    };
  }

  /**
   * The open transaction is aborted: outputs and state since the last commit are gone,
   * the input is read again.
   */
  abort(): void {
    this.#collector.abort();
    for (const task of this.#tasks.values()) {
      task.abort();
      this.#seek(task);
      this.#restore(task);
    }
  }

  /** The process dies: state in memory is gone, and is restored from the changelogs. */
  crash(): void {
    this.#collector.abort();
    for (const task of this.#tasks.values()) task.abandonCalls();
    this.#tasks = new Map();
    this.#openTasks();
  }

  /**
   * The tasks move to another instance: what was processed is committed, and everything is opened again.
   * Where calls of steps that await are in flight nothing is committed, and they are abandoned.
   */
  rebalance(): void {
    this.#commitOnce();
    for (const task of this.#tasks.values()) task.close();
    this.crash();
  }

  /** Moves the wall clock forward by `milliseconds`, calling the punctuators that follow it. */
  advanceWallClock(milliseconds: number): void {
    this.#timers.turn(this.#now + milliseconds, (time) => (this.#now = time));
    for (const task of this.#tasks.values()) task.punctuateWallClock();
    if (this.#commits === 'each') this.commit();
  }

  /**
   * A store of a partition's task, open writes too. It is of no use any more after a crash. @throws where
   * there is none.
   */
  keyValueStore<K, V>(name: string, partition = 0): KeyValueStore<K, V> {
    return this.#store(name, partition) as KeyValueStore<K, V>;
  }

  /** See {@link TopologyTestDriver.keyValueStore}. */
  windowStore<K, V>(name: string, partition = 0): WindowStore<K, V> {
    return this.#store(name, partition) as WindowStore<K, V>;
  }

  /** See {@link TopologyTestDriver.keyValueStore}. */
  expiringStore<K, V>(name: string, partition = 0): ExpiringStore<K, V> {
    return this.#store(name, partition) as ExpiringStore<K, V>;
  }

  /** See {@link TopologyTestDriver.keyValueStore}. */
  sessionStore<K, V>(name: string, partition = 0): SessionStore<K, V> {
    return this.#store(name, partition) as SessionStore<K, V>;
  }

  /** See {@link TopologyTestDriver.keyValueStore}. */
  bufferStore<K, V>(name: string, partition = 0): BufferStore<K, V> {
    return this.#store(name, partition) as BufferStore<K, V>;
  }

  /** Closes the processors. */
  close(): void {
    for (const task of this.#tasks.values()) task.close();
    this.#tasks.clear();
  }

  /** Returns whether it has committed: no calls are in flight. */
  #commitOnce(): boolean {
    this.process();
    if (this.callsInFlight > 0 || !this.prepareCommit()) return false;
    this.beginCommit().succeed();
    return true;
  }

  #seal(): { records: RecordBatches; offsets: CommittedOffset[] } {
    const offsets = [...this.#tasks.values()].flatMap((task) => task.seal());
    for (const topic of this.#collector.unknownTopics()) this.#know(topic);
    return { records: this.#collector.take().records, offsets };
  }

  #know(topic: string): void {
    this.log.create(topic, this.#partitions);
    this.#collector.know(topic, this.#partitions);
  }

  /** Global tables have what is in their topics, whatever becomes of a transaction. */
  #readGlobals(): void {
    for (const rows of this.#globals) {
      const { topic } = rows.table;
      for (let partition = 0; partition < this.#partitions; partition++) {
        const name = partitionName(topic, partition);
        const all = this.log.records(topic, partition);
        const records = all.slice(this.#globalPositions.get(name) ?? 0);
        if (records.length === 0) continue;
        this.#globalPositions.set(name, all.length);
        rows.apply(records, (_record, error) => {
          throw error;
        });
      }
    }
  }

  #openTasks(): void {
    // Small, so that tests meet both what is kept decoded and what is not.
    const cache = cacheBudget(8);
    this.#globals = globalRows(this.#topology, cache);
    this.#globalPositions.clear();
    this.#readGlobals();
    for (const subTopology of this.#topology.subTopologies) {
      for (let partition = 0; partition < this.#partitions; partition++) {
        const task = new Task({
          subTopology,
          partition,
          topicName: this.#names.full,
          partitionsOf: () => this.#partitions,
          collector: this.#collector,
          now: () => this.#now,
          metrics: this.#metrics,
          failures: this.#failures,
          refusals: noRefusals,
          calls: {
            after: (ms, then) => this.#timers.at(this.#now + ms, then),
            random: () => 0,
            onSettled() {},
          },
          globalStores: globalStores(this.#globals),
          openStores: (clocks) =>
            subTopology.stores.map((spec) => {
              const changelog = spec.changelog
                ? { topic: this.#names.changelog(spec), partition }
                : undefined;
              return openStore(spec, memoryState(spec), changelog, clocks, cache);
            }),
        });
        this.#tasks.set(taskIdOf(subTopology.id, partition), task);
        this.#seek(task);
        this.#restore(task);
      }
    }
  }

  #restore(task: Task): void {
    for (const { store, changelog } of task.stores) {
      if (!changelog) continue;
      const records = this.log.records(changelog.topic, changelog.partition);
      store.restore(records.slice(store.position()), records.length);
    }
  }

  #seek(task: Task): void {
    task.seek(this.log.committed());
  }

  #store(name: string, partition: number): unknown {
    const global = this.#globals.find(({ table }) => table.store.name === name);
    if (global) return global.store;
    for (const task of this.#tasks.values()) {
      if (task.partition !== partition) continue;
      const found = task.stores.find(({ spec }) => spec.name === name);
      if (found) return found.store;
    }
    throw new Error(`no store ${name} in partition ${partition}`);
  }
}
