// Fetches from every leader at once; an answer that comes later is handed out by a later call.
import { FatalError, TaskCorruptedError } from '../errors.ts';
import { transferMs, type Cluster } from './cluster.ts';
import type { Link } from './link.ts';
import { remedyOfName } from './remedies.ts';
import { decompress } from './decompress.ts';
import { wire, type FetchAnswer, type FetchTopic } from './wire.ts';
import { partitionName, type FetchedPartition, type Fetcher, type Position } from './port.ts';
import { readBatches } from '../format/read-batches.ts';
import { defaultMaxUnpackedBytes, UnpackBudget } from '../format/unpack-budget.ts';

const maxBytes = 8 * 1024 * 1024;

/** A {@link Fetcher} over raw Fetch requests, one in flight for each leader. */
export class WireFetcher implements Fetcher {
  readonly #cluster: Cluster;
  readonly #maxUnpackedBytes: number;
  readonly #links = new Map<number, Link>();
  readonly #inFlight = new Map<number, Promise<void>>();
  #arrived: FetchedPartition[] = [];
  #failure: unknown;

  /** `maxUnpackedBytes`: what the compressed batches of one answer may become. */
  constructor(cluster: Cluster, maxUnpackedBytes: number = defaultMaxUnpackedBytes) {
    this.#cluster = cluster;
    this.#maxUnpackedBytes = maxUnpackedBytes;
  }

  async fetch(positions: readonly Position[], maxWaitMs: number): Promise<FetchedPartition[]> {
    if (this.#arrived.length === 0 && this.#failure === undefined) {
      for (const [leader, wanted] of await this.#cluster.leaders(positions)) {
        if (!this.#inFlight.has(leader)) this.#ask(leader, wanted, maxWaitMs);
      }
      await Promise.race(this.#inFlight.values());
    }
    if (this.#failure !== undefined) {
      const failure = this.#failure;
      this.#failure = undefined;
      throw failure;
    }
    const arrived = this.#arrived;
    this.#arrived = [];
    return arrived;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#links.values()].map((link) => link.close()));
    await Promise.all(this.#inFlight.values());
  }

  #ask(leader: number, wanted: readonly Position[], maxWaitMs: number): void {
    let link = this.#links.get(leader);
    if (!link) {
      const timeoutMs = Math.min(transferMs, this.#cluster.options.requestTimeoutMs);
      link = this.#cluster.dedicated(this.#cluster.link(leader, 'fetch'), timeoutMs);
      this.#links.set(leader, link);
    }
    const answer = link
      .call('fetching', wire.fetch, maxWaitMs, maxBytes, this.#request(wanted))
      .then((answers) => this.#arrive(wanted, answers))
      .catch((error: unknown) => {
        this.#failure = error;
        this.#cluster.forget(wanted.map(({ topic }) => topic));
        this.#links.delete(leader);
        void link.close();
      })
      .finally(() => this.#inFlight.delete(leader));
    this.#inFlight.set(leader, answer);
  }

  #request(wanted: readonly Position[]): FetchTopic[] {
    const topics = new Map<string, FetchTopic>();
    for (const { topic, partition, offset, leaderEpoch = -1 } of wanted) {
      let entry = topics.get(topic);
      if (!entry) topics.set(topic, (entry = { topicId: this.#cluster.topicId(topic), partitions: [] }));
      entry.partitions.push({ partition, fetchOffset: offset, lastFetchedEpoch: leaderEpoch });
    }
    return [...topics.values()];
  }

  #arrive(wanted: readonly Position[], answers: readonly FetchAnswer[]): void {
    const budget = new UnpackBudget(this.#maxUnpackedBytes);
    const offsets = new Map(wanted.map((p) => [partitionName(p.topic, p.partition), p.offset]));
    for (const answer of answers) {
      const topic = this.#cluster.topicName(answer.topicId);
      if (topic === undefined) continue;
      const { partition } = answer;
      const fetchOffset = offsets.get(partitionName(topic, partition));
      if (fetchOffset === undefined) continue;
      const doing = `fetching ${partitionName(topic, partition)} at ${fetchOffset}`;
      if (answer.error === 'OFFSET_OUT_OF_RANGE') {
        throw new TaskCorruptedError(
          'OFFSET_OUT_OF_RANGE',
          `${doing}: the broker no longer has, or never had, it`,
        );
      }
      if (answer.divergesAt !== undefined) {
        throw new TaskCorruptedError(
          'LOG_TRUNCATED',
          `${doing}: the broker has other records than were read, from ${answer.divergesAt} on`,
        );
      }
      if (answer.error) throw remedyOfName(answer.error, doing, { operation: 'Read', topics: [topic] });
      const read = naming(doing, () =>
        readBatches(answer.records, fetchOffset, answer.aborted, decompress, budget),
      );
      // There was no room for its first batch: it is fetched again.
      if (answer.records.length > 0 && read.nextOffset === fetchOffset) continue;
      const { highWatermark, endOffset } = answer;
      this.#arrived.push({ topic, partition, fetchOffset, highWatermark, endOffset, ...read });
    }
  }
}

/** Names what was being done in an error of the batches. */
function naming<T>(doing: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof FatalError)
      throw new FatalError(error.code, `${doing}: ${error.message}`, { cause: error });
    throw error;
  }
}
