// Kafka in memory for one stream thread: its topics, its commits, and a group that the test drives by hand.
import { setTimeout as sleep } from 'node:timers/promises';
import { partitionName } from '@activity/kafka';
import type {
  CommitResult,
  CommittedOffset,
  CommitWriter,
  EpochStart,
  Fetcher,
  GroupHandler,
  GroupIdentity,
  GroupMember,
  KafkaPort,
  StableOffsets,
  TopicDescription,
  TopicPartition,
  TopicSetting,
} from '@activity/kafka';

/** A commit that was asked for. */
export interface AskedCommit {
  group: GroupIdentity | undefined;
  offsets: readonly CommittedOffset[];
}

/** See the top of this file. */
export class FakeKafka implements KafkaPort {
  readonly topics: Map<string, TopicDescription> = new Map();
  /** The first offset and the end of each partition that is not empty. */
  readonly bounds: Map<string, { first: number; end: number }> = new Map();
  /** Where the committed leader epoch of each partition ends, where it is known. */
  readonly epochEnds: Map<string, EpochStart> = new Map();
  /** The one record of each partition whose timestamp is known. */
  readonly timed: Map<string, { offset: number; timestamp: number }> = new Map();
  readonly committed: Map<string, CommittedOffset> = new Map();
  readonly commits: AskedCommit[] = [];
  /** What was asked of the fetchers, by partition. */
  readonly fetched: Map<string, number[]> = new Map();
  /** Partitions whose records are never delivered. */
  readonly silent: Set<string> = new Set();
  /** Partitions whose committed offset an open transaction holds. */
  readonly held: Set<string> = new Set();
  /** Fails a fetch. */
  failFetch: () => Error | undefined = () => undefined;
  /** Waits before offsets of these partitions are listed. */
  beforeListing: (names: readonly string[]) => Promise<void> = async () => {};
  /** How many writers were opened. */
  writers = 0;
  /** Waits, or refuses, before a commit of `records` records. */
  beforeCommit: (records: number) => Promise<void> = async () => {};
  /** Fails a commit. */
  refuse: () => Error | undefined = () => undefined;
  identity: GroupIdentity = { groupId: 'app', generationId: 1, memberId: 'm', groupInstanceId: null };
  rejoins = 0;
  #handler: GroupHandler | undefined;

  /** What the thread does in the group. */
  get handler(): GroupHandler {
    if (!this.#handler) throw new Error('no member was created');
    return this.#handler;
  }

  /** Makes a topic; each partition holds records from `first` to `end`, whose key is their offset. */
  topic(name: string, partitions: number, first = 0, end = 0): void {
    this.topics.set(name, { name, id: `id-of-${name}`, partitions });
    for (let partition = 0; partition < partitions; partition++)
      this.bounds.set(partitionName(name, partition), { first, end });
  }

  /** Assigns tasks to the thread, as the leader would. */
  async assign(tasks: readonly string[], pending = 0): Promise<boolean> {
    await this.handler.beforeJoin();
    return this.handler.onAssigned(Buffer.from(JSON.stringify({ tasks, pending, refused: false })));
  }

  async describeTopics(topics: readonly string[]): Promise<Map<string, TopicDescription>> {
    const found = topics.flatMap((name) => this.topics.get(name) ?? []);
    return new Map(found.map((topic) => [topic.name, topic]));
  }

  async committedOffsets(_group: string, partitions: readonly TopicPartition[]): Promise<CommittedOffset[]> {
    return partitions.flatMap(
      ({ topic, partition }) => this.committed.get(partitionName(topic, partition)) ?? [],
    );
  }

  async stableOffsets(group: string, partitions: readonly TopicPartition[]): Promise<StableOffsets> {
    const isHeld = ({ topic, partition }: TopicPartition): boolean =>
      this.held.has(partitionName(topic, partition));
    const stable = partitions.filter((partition) => !isHeld(partition));
    return { offsets: await this.committedOffsets(group, stable), unstable: partitions.filter(isHeld) };
  }

  async listOffsets(
    partitions: readonly TopicPartition[],
    at: 'earliest' | 'latest',
  ): Promise<Map<string, number>> {
    const names = partitions.map(({ topic, partition }) => partitionName(topic, partition));
    await this.beforeListing(names);
    return new Map(
      names.map((name) => [name, this.bounds.get(name)?.[at === 'earliest' ? 'first' : 'end'] ?? 0]),
    );
  }

  async endsOfEpochs(positions: readonly TopicPartition[]): Promise<Map<string, EpochStart>> {
    const names = positions.map(({ topic, partition }) => partitionName(topic, partition));
    return new Map([...this.epochEnds].filter(([name]) => names.includes(name)));
  }

  createFetcher(): Fetcher {
    return {
      fetch: async (positions, maxWaitMs) => {
        const failure = this.failFetch();
        if (failure) throw failure;
        const found = positions.flatMap(({ topic, partition, offset }) => {
          const name = partitionName(topic, partition);
          const end = this.bounds.get(name)?.end ?? 0;
          if (this.silent.has(name)) return [];
          if (offset >= end) {
            const ends = { nextOffset: offset, highWatermark: end, endOffset: end };
            return [{ topic, partition, fetchOffset: offset, ...ends, records: [] }];
          }
          this.fetched.set(name, [...(this.fetched.get(name) ?? []), offset]);
          const records = Array.from({ length: end - offset }, (_, i) => ({
            offset: offset + i,
            timestamp: 0,
            key: Buffer.from(String(offset + i)),
            value: Buffer.from('v'),
            headers: [],
          }));
          const ends = { nextOffset: end, highWatermark: end, endOffset: end };
          return [{ topic, partition, fetchOffset: offset, ...ends, records }];
        });
        if (found.every(({ records }) => records.length === 0)) await sleep(Math.min(maxWaitMs, 5));
        return found;
      },
      close: async () => {},
    };
  }

  createWriter(): CommitWriter {
    return {
      open: async () => {
        this.writers++;
      },
      commit: async ({ group, offsets, records }): Promise<CommitResult> => {
        this.commits.push({ group, offsets });
        await this.beforeCommit(records.count);
        const error = this.refuse();
        if (error) throw error;
        for (const offset of offsets)
          this.committed.set(partitionName(offset.topic, offset.partition), offset);
        const ends = new Map<string, number>();
        for (const [topic, partitions] of records.topics) {
          for (const [partition, { count }] of partitions) {
            const name = partitionName(topic, partition);
            const bounds = this.bounds.get(name) ?? { first: 0, end: 0 };
            bounds.end += count;
            this.bounds.set(name, bounds);
            ends.set(name, bounds.end);
          }
        }
        return ends;
      },
      close: async () => {},
    };
  }

  createMember({ handler }: { handler: GroupHandler }): GroupMember {
    this.#handler = handler;
    return {
      start: () => {},
      identity: () => this.identity,
      rejoin: () => {
        this.rejoins++;
      },
      close: async () => {},
    };
  }

  async topicSettings(): Promise<TopicSetting[]> {
    return [];
  }
  async createTopics(): Promise<void> {}
  async offsetsForTimes(
    times: readonly (TopicPartition & { timestamp: number })[],
  ): Promise<Map<string, number>> {
    const found = times.flatMap(({ topic, partition, timestamp }): [string, number][] => {
      const timed = this.timed.get(partitionName(topic, partition));
      return timed && timed.timestamp >= timestamp ? [[partitionName(topic, partition), timed.offset]] : [];
    });
    return new Map(found);
  }
  async listTopics(): Promise<string[]> {
    return [...this.topics.keys()];
  }
  async groupMembers(): Promise<[]> {
    return [];
  }
  async removeMembers(): Promise<void> {}
  async commitOffsets(): Promise<void> {}
  async deleteRecords(): Promise<void> {}
  async deleteGroup(): Promise<boolean> {
    return false;
  }
  async deleteTopics(): Promise<string[]> {
    return [];
  }
  async close(): Promise<void> {}
}
