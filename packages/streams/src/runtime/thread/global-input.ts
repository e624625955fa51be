// The global tables of a stream thread, kept up to date: read to the ends that their topics have at the start
// before any task begins, and then on and on beside the tasks.
import {
  partitionName,
  type FetchedPartition,
  type Fetcher,
  type KafkaPort,
  type Position,
} from '@activity/kafka';
import { FatalError, TaskCorruptedError, type RetriableError } from '../../api/errors.ts';
import type { SourceRecord } from '../../api/record.ts';
import type { GlobalRows } from '../global-tables.ts';
import type { RuntimeMetrics } from '../metrics.ts';
import type { PartitionLag } from '../thread-figures.ts';
import type { TopologyCounts } from '../topology-counts.ts';
import type { RestoreEvent, RestoringStore } from '../restore-listener.ts';
import { textOf } from '../error-message.ts';
import { InFlight } from './in-flight.ts';
import { isRetriable } from './passing.ts';
import type { StreamThreadOptions } from './thread-options.ts';

/** What a {@link GlobalInput} works on. */
export interface GlobalInputOptions {
  kafka: KafkaPort;
  rows: readonly GlobalRows[];
  failures: StreamThreadOptions['failures'];
  metrics: RuntimeMetrics;
  counts: TopologyCounts;
  /** How often new partitions of the topics are looked for, in milliseconds. */
  metadataMaxAgeMs: number;
  log: StreamThreadOptions['log'];
  /** Called while the tables are read to their ends for the first time. */
  onRestore: ((event: RestoreEvent) => void) | undefined;
  /** Records have arrived, or reading has failed. */
  onEnd: () => void;
}

interface Reading {
  rows: GlobalRows;
  position: Position;
  /** The end when reading began. */
  end: number;
  /** How many records the broker had behind those fetched last; undefined before the first fetch. */
  unfetched: number | undefined;
  /** When that was, in epoch milliseconds. */
  fetchedAt: number | undefined;
  /** How many records were read before the table was complete; undefined where it is. */
  restored: number | undefined;
}

const fetchWaitMs = 500;

/** See the top of this file. */
export class GlobalInput {
  readonly #options: GlobalInputOptions;
  readonly #work: InFlight;
  readonly #readings = new Map<string, Reading>();
  #fetcher: Fetcher | undefined;
  #arrived: FetchedPartition[] = [];
  #lookAt = 0;
  #isReady: boolean;
  #isClosed = false;

  constructor(options: GlobalInputOptions) {
    this.#options = options;
    this.#work = new InFlight(options.onEnd);
    this.#isReady = options.rows.length === 0;
  }

  /** Whether every table has what its topic had when reading began: tasks may process. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Whether something has come that the loop has not taken. */
  get hasNews(): boolean {
    return this.#arrived.length > 0 || this.#work.hasFailed;
  }

  /** The lag of each partition that is read. */
  get lags(): PartitionLag[] {
    return [...this.#readings.values()].map(({ position: { topic, partition }, unfetched, fetchedAt }) => {
      return { topic, partition, lag: unfetched, readAt: fetchedAt };
    });
  }

  /** Takes in what has arrived, and reads on in the background. */
  async run(): Promise<void> {
    const { rows, log } = this.#options;
    if (rows.length === 0) return;
    const failure = this.#work.takePassing(passes);
    if (failure) log('warn', `${failure.message}; trying again`, { code: failure.code });
    if (failure instanceof TaskCorruptedError) await this.#beginAgain();
    this.#takeArrived();
    if (this.#arrived.length === 0 && this.#work.mayStart && !this.#isClosed) this.#work.start(this.#read());
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#fetcher?.close();
    await this.#work.ended();
  }

  async #read(): Promise<void> {
    if (performance.now() >= this.#lookAt) await this.#look();
    const { kafka } = this.#options;
    this.#fetcher ??= kafka.createFetcher();
    const positions = [...this.#readings.values()].map(({ position }) => position);
    this.#arrived = await this.#fetcher.fetch(positions, fetchWaitMs);
  }

  /** Finds the partitions of the topics that are not read yet. */
  async #look(): Promise<void> {
    const { kafka, rows, metadataMaxAgeMs } = this.#options;
    const described = await kafka.describeTopics(rows.map(({ table }) => table.topic));
    const added = rows.flatMap((own) => {
      const { topic } = own.table;
      const count = described.get(topic)?.partitions ?? 0;
      const partitions = Array.from({ length: count }, (_, partition) => ({ rows: own, topic, partition }));
      return partitions.filter(({ partition }) => !this.#readings.has(partitionName(topic, partition)));
    });
    if (added.length > 0) {
      const [starts, ends] = await Promise.all([
        kafka.listOffsets(added, 'earliest'),
        kafka.listOffsets(added, 'latest'),
      ]);
      for (const { rows: own, topic, partition } of added) {
        const name = partitionName(topic, partition);
        const offset = starts.get(name) ?? 0;
        const end = ends.get(name) ?? offset;
        const position = { topic, partition, offset };
        const unread = { unfetched: undefined, fetchedAt: undefined, restored: undefined };
        const reading: Reading = { rows: own, position, end, ...unread };
        this.#readings.set(name, reading);
        if (!this.#isReady) this.#restoreStarted(reading);
      }
    }
    this.#lookAt = performance.now() + metadataMaxAgeMs;
  }

  #takeArrived(): void {
    const { metrics, counts, log } = this.#options;
    const arrived = this.#arrived;
    this.#arrived = [];
    for (const { topic, partition, fetchOffset, records, nextOffset, endOffset } of arrived) {
      const reading = this.#readings.get(partitionName(topic, partition));
      if (!reading || reading.position.offset !== fetchOffset) continue;
      reading.rows.apply(records, (record, error) => this.#unreadable(topic, partition, record, error));
      reading.position = { topic, partition, offset: nextOffset };
      reading.unfetched = Math.max(0, endOffset - nextOffset);
      reading.fetchedAt = Date.now();
      counts.edge(topic, undefined, reading.rows.table.name).records += records.length;
      const { name } = reading.rows.table.store;
      this.#batchRestored(reading, records);
      if (!this.#isReady)
        metrics.restored('global', name, records.length, Math.max(0, reading.end - nextOffset));
    }
    if (this.#isReady || this.#readings.size === 0) return;
    this.#isReady = [...this.#readings.values()].every(({ position, end }) => position.offset >= end);
    if (this.#isReady) log('info', 'the global tables are there: tasks may begin');
  }

  #restoreStarted(reading: Reading): void {
    reading.restored = 0;
    const { position, end } = reading;
    const restore = { ...storeOf(reading), startOffset: position.offset, endOffset: end };
    this.#options.onRestore?.({ method: 'onRestoreStart', restore });
    this.#restoreEndedWhereComplete(reading);
  }

  #batchRestored(reading: Reading, records: readonly SourceRecord[]): void {
    const last = records.at(-1);
    if (reading.restored === undefined) return;
    reading.restored += records.length;
    if (last) {
      const restore = { batchEndOffset: last.offset, numRestored: records.length };
      this.#options.onRestore?.({
        method: 'onBatchRestored',
        restore: { ...storeOf(reading), ...restore },
      });
    }
    this.#restoreEndedWhereComplete(reading);
  }

  #restoreEndedWhereComplete(reading: Reading): void {
    const { position, end, restored } = reading;
    if (restored === undefined || position.offset < end) return;
    reading.restored = undefined;
    const restore = { ...storeOf(reading), totalRestored: restored };
    this.#options.onRestore?.({ method: 'onRestoreEnd', restore });
  }

  /** Each thread of each instance reads the record: none of them writes a dead letter. */
  #unreadable(topic: string, partition: number, record: SourceRecord, error: unknown): void {
    const { failures, metrics, log } = this.#options;
    const what = `reading ${topic}-${partition} at ${record.offset} for a global table: ${textOf(error)}`;
    const about = { taskId: 'global', topic, partition, record, output: undefined, error };
    if (failures.deserialization({ stage: 'deserialization', ...about }) === 'fail')
      throw new FatalError('DESERIALIZATION_FAILED', what, { cause: error });
    metrics.dropped('global', 'deserialization');
    log('warn', `${what}; it is left out`);
  }

  /** Reads from the beginning: the topics no longer have what was to be read next. */
  async #beginAgain(): Promise<void> {
    for (const reading of this.#readings.values()) {
      if (reading.restored === undefined) continue;
      const restore = { ...storeOf(reading), totalRestored: reading.restored };
      this.#options.onRestore?.({ method: 'onRestoreSuspended', restore });
    }
    this.#readings.clear();
    this.#arrived = [];
    this.#lookAt = 0;
    for (const own of this.#options.rows) await own.clear();
  }
}

function storeOf({ rows, position }: Reading): RestoringStore {
  return { store: rows.table.store.name, topic: position.topic, partition: position.partition };
}

function passes(error: unknown): error is RetriableError | TaskCorruptedError {
  return isRetriable(error) || error instanceof TaskCorruptedError;
}
