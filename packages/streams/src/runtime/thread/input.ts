// The input of a stream thread: one fetch in flight for all partitions that have room, and what it brought.
import { partitionName, type FetchedPartition, type Fetcher, type KafkaPort } from '@activity/kafka';
import type { RuntimeMetrics } from '../metrics.ts';
import type { RecordQueue } from '../record-queue.ts';
import type { Task } from '../task.ts';
import { InFlight } from './in-flight.ts';
import { isConnectionLost } from './passing.ts';
import type { StreamThreadOptions } from './thread-options.ts';

/** What a {@link ThreadInput} works on. */
export interface ThreadInputOptions {
  kafka: KafkaPort;
  metrics: RuntimeMetrics;
  /** A partition is not fetched while this number of its records waits. */
  maxBufferedRecords: number;
  /** Each partition has an equal share of these; it is not fetched while its records take more. */
  maxBufferedBytes: number;
  log: StreamThreadOptions['log'];
  /** Records have arrived, or the fetch has failed. */
  onEnd: () => void;
}

const fetchWaitMs = 500;
const shortFetchWaitMs = 10;

/** See the top of this file. */
export class ThreadInput {
  readonly #options: ThreadInputOptions;
  readonly #fetcher: Fetcher;
  readonly #fetch: InFlight;
  #arrived: FetchedPartition[] = [];

  constructor(options: ThreadInputOptions) {
    this.#options = options;
    this.#fetcher = options.kafka.createFetcher();
    this.#fetch = new InFlight(options.onEnd);
  }

  /** Whether something has come that the loop has not taken. */
  get hasNews(): boolean {
    return this.#arrived.length > 0 || this.#fetch.hasFailed;
  }

  /**
   * Throws the failure of the last fetch. One that could not reach the broker is made again after a while.
   */
  throwFailure(): void {
    const failure = this.#fetch.takePassing(isConnectionLost);
    if (failure) this.#options.log('warn', `${failure.message}; trying again`, { code: failure.code });
  }

  /** Fetches for these tasks, unless a fetch is in flight. */
  keepFetching(tasks: readonly Task[]): void {
    if (this.#arrived.length > 0 || !this.#fetch.mayStart) return;
    const { maxBufferedRecords, maxBufferedBytes } = this.#options;
    const queues = tasks.flatMap((task) => task.queues);
    const maxBytes = maxBufferedBytes / queues.length;
    const positions = queues
      .filter((queue) => queue.size < maxBufferedRecords && queue.bytes < maxBytes)
      .map(({ topic, partition, fetchPosition, fetchEpoch }) => ({
        topic,
        partition,
        offset: fetchPosition,
        leaderEpoch: fetchEpoch,
      }));
    if (positions.length === 0) return;
    // Those that have enough may have worked it off, and would wait, long before a record comes for the
    // others.
    const waitMs = positions.length < queues.length ? shortFetchWaitMs : fetchWaitMs;
    const fetched = this.#fetcher.fetch(positions, waitMs).then((arrived) => {
      this.#arrived = arrived;
    });
    this.#fetch.start(fetched);
  }

  /** Gives what has arrived to these tasks. */
  takeArrived(tasks: readonly Task[]): void {
    if (this.#arrived.length === 0) return;
    const queues = new Map<string, RecordQueue>();
    for (const task of tasks) {
      for (const queue of task.queues) queues.set(partitionName(queue.topic, queue.partition), queue);
    }
    const now = Date.now();
    let polled = 0;
    for (const { topic, partition, fetchOffset, records, nextOffset, endOffset, epochs } of this.#arrived) {
      const queue = queues.get(partitionName(topic, partition));
      if (!queue || queue.fetchPosition !== fetchOffset) continue;
      queue.add(records, nextOffset, epochs);
      queue.unfetched = Math.max(0, endOffset - nextOffset);
      queue.fetchedAt = now;
      polled += records.length;
      this.#options.metrics.lag(topic, partition, queue.unfetched + queue.size);
    }
    this.#arrived = [];
    this.#options.metrics.polled(polled);
  }

  async close(): Promise<void> {
    await this.#fetcher.close();
  }
}
