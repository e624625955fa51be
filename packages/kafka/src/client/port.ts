// The port: what the runtime needs of Kafka, in our words. One adapter and one fake implement it.
import type { Compression } from '../format/compression.ts';
import type { RecordBatches } from '../format/record-batches.ts';
import type { EpochStart } from '../format/read-batches.ts';
import type { SourceRecord } from '../format/record.ts';

/** One partition of one topic. */
export interface TopicPartition {
  topic: string;
  partition: number;
}

/** The map key of a topic partition. */
export function partitionName(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}

/** A position to read from. */
export interface Position extends TopicPartition {
  offset: number;
  /** The leader epoch of the record before it; absent where it is not known. */
  leaderEpoch?: number | undefined;
}

/** What one fetch brought for one partition. Aborted and control records are already gone. */
export interface FetchedPartition extends TopicPartition {
  /** The offset that was asked for. */
  fetchOffset: number;
  /** Where to read next: past the last record, markers and aborted records too. */
  nextOffset: number;
  /**
   * The end of what enough brokers have. A leader that is new does not know it at first, and says less than
   * its predecessor.
   */
  highWatermark: number;
  /** The end of what a read_committed reader can see now: no further than the high watermark. */
  endOffset: number;
  records: SourceRecord[];
  /** Where leader epochs begin among what was fetched, oldest first; absent where they are not known. */
  epochs?: readonly EpochStart[];
}

/** Reads committed records from many partitions. */
export interface Fetcher {
  /**
   * Waits until at least one partition has something or `maxWaitMs` has passed.
   * A partition whose answer is still under way is not asked again; compare `fetchOffset` after a seek.
   * @throws TaskCorruptedError with OFFSET_OUT_OF_RANGE where a position no longer exists, with LOG_TRUNCATED
   * where the records before it are not those of its leader epoch any more: the broker has lost some, and has
   * others in their place.
   */
  fetch(positions: readonly Position[], maxWaitMs: number): Promise<FetchedPartition[]>;
  close(): Promise<void>;
}

/** Who we are in the group; sent with offsets so that a stale member's commit is refused (KIP-447). */
export interface GroupIdentity {
  groupId: string;
  generationId: number;
  memberId: string;
  groupInstanceId: string | null;
}

/** An offset to commit: the next one to process, and what must be known to go on from there. */
export interface CommittedOffset extends Position {
  metadata: string;
}

/** Committed offsets that no open transaction can change, and the partitions whose offset one still holds. */
export interface StableOffsets {
  /** Partitions without a committed offset are absent. */
  offsets: CommittedOffset[];
  unstable: TopicPartition[];
}

/** Everything one commit makes visible at once. */
export interface CommitRequest {
  /** Records by topic and partition. */
  records: RecordBatches;
  offsets: readonly CommittedOffset[];
  /** Undefined for a writer that is in no group; then there are no offsets. */
  group: GroupIdentity | undefined;
}

/** Where each partition's records ended after a commit: the next offset, by `partitionName`. */
export type CommitResult = ReadonlyMap<string, number>;

/** Writes records and offsets; transactional, or at least once. */
export interface CommitWriter {
  /**
   * Ends what a predecessor with the same id left open, and fences it. Must be called before the first
   * commit.
   */
  open(): Promise<void>;
  /**
   * One transaction. Any rejection means: nothing may be concluded, close this writer, open a new one, read
   * the committed offsets.
   */
  commit(request: CommitRequest): Promise<CommitResult>;
  close(): Promise<void>;
}

/** One member as the leader of the group sees it when it assigns. */
export interface MemberSubscription {
  memberId: string;
  userData: Buffer;
}

/** How the group member asks its owner to take part in a rebalance. */
export interface GroupHandler {
  /** Before (re)joining: finish and commit what can be; gives the data this member joins with. */
  beforeJoin(): Promise<Buffer>;
  /** Called on the elected leader only, with its own id: bytes for every member. */
  assign(members: readonly MemberSubscription[], leaderId: string): Promise<Map<string, Buffer>>;
  /** The new assignment; returns whether the member must join once more (something was revoked). */
  onAssigned(assignment: Buffer): Promise<boolean>;
  /** Membership was lost: everything owned may already belong to others. */
  onLost(reason: Error): Promise<void>;
  /** The member cannot go on. */
  onFatal(error: Error): void;
}

/** Membership of a consumer group by the classic protocol, with rebalances that the owner can wait for. */
export interface GroupMember {
  start(): void;
  identity(): GroupIdentity;
  /** Joins again soon (after a revocation, or when topics changed). */
  rejoin(): void;
  /** Stops heartbeats; leaves the group unless told to stay for a quick return. */
  close(options?: { leave: boolean }): Promise<void>;
}

/** Settings of a group member. Times in milliseconds. */
export interface GroupOptions {
  groupId: string;
  groupInstanceId: string | null;
  /** Subscribed topics: shown by tools. */
  topics: readonly string[];
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
  handler: GroupHandler;
}

/** A member of a group, as its coordinator knows it. */
export interface GroupMemberDescription {
  memberId: string;
  groupInstanceId: string | null;
  clientId: string;
  host: string;
}

/** A topic as the broker knows it. */
export interface TopicDescription {
  name: string;
  /** No other topic's, before or after it, in this cluster or another. */
  id: string;
  partitions: number;
}

/** One setting of a topic. */
export interface TopicSetting {
  topic: string;
  name: string;
  value: string | null;
  /** Set on this topic; otherwise a default of the broker or the cluster. */
  own: boolean;
}

/** What a broker said to one partition's batch. */
export interface ProducedBatch {
  /** Kafka's name of the error; null for none. */
  error: string | null;
  /** The offset of the first record. */
  baseOffset: number;
  /**
   * When the broker appended it, in epoch milliseconds by its clock; -1 where the topic keeps other times.
   */
  appendedAt: number;
}

/** A topic to create. */
export interface NewTopic {
  name: string;
  partitions: number;
  /** -1: the broker's default. */
  replicationFactor: number;
  config: Record<string, string>;
}

/** Settings of a writer. */
export interface WriterOptions {
  /** null: idempotent, but without a transaction (at least once). */
  transactionalId: string | null;
  transactionTimeoutMs: number;
  /** How batches of a topic are compressed; not, unless given. */
  compression?: (topic: string) => Compression;
}

/** Kafka, as the runtime uses it. */
export interface KafkaPort {
  /** The topics that exist among those asked for. */
  describeTopics(topics: readonly string[]): Promise<Map<string, TopicDescription>>;
  /** The names of all topics that this client may see, but for those of Kafka itself. */
  listTopics(): Promise<string[]>;
  /** The named settings of topics that exist. Needs DescribeConfigs on each. */
  topicSettings(topics: readonly string[], names: readonly string[]): Promise<TopicSetting[]>;
  /** Creates what is missing; a topic that is already there is no error. */
  createTopics(topics: readonly NewTopic[]): Promise<void>;
  /** Stable committed offsets (waits for open transactions); partitions without one are absent. */
  committedOffsets(groupId: string, partitions: readonly TopicPartition[]): Promise<CommittedOffset[]>;
  /** The same without waiting for open transactions. */
  stableOffsets(groupId: string, partitions: readonly TopicPartition[]): Promise<StableOffsets>;
  /** First or last offsets by `partitionName`; the last is past everything written, open transactions too. */
  listOffsets(partitions: readonly TopicPartition[], at: 'earliest' | 'latest'): Promise<Map<string, number>>;
  /**
   * The first offset of each partition whose record is of this time or later, by `partitionName`; none is
   * absent.
   */
  offsetsForTimes(times: readonly (TopicPartition & { timestamp: number })[]): Promise<Map<string, number>>;
  /**
   * Where the records of each position's leader epoch end, by `partitionName`: before the position where the
   * broker has lost records. A position whose epoch the broker does not know is absent.
   */
  endsOfEpochs(positions: readonly (TopicPartition & EpochStart)[]): Promise<Map<string, EpochStart>>;
  /** Deletes the records before these offsets. */
  deleteRecords(before: readonly (TopicPartition & { offset: number })[]): Promise<void>;
  /**
   * Deletes a group with its committed offsets; returns whether there was one.
   * @throws FatalError with GROUP_IN_USE while it has members.
   */
  deleteGroup(groupId: string): Promise<boolean>;
  /** The members of a group; none where there is no such group. */
  groupMembers(groupId: string): Promise<GroupMemberDescription[]>;
  /** Removes members from a group. One that still runs joins again. */
  removeMembers(groupId: string, members: readonly GroupMemberDescription[]): Promise<void>;
  /** Commits offsets of a group that has no members. */
  commitOffsets(groupId: string, offsets: readonly Position[]): Promise<void>;
  /** Deletes topics; one that is not there is no error. Returns those that were there. */
  deleteTopics(topics: readonly string[]): Promise<string[]>;
  createFetcher(): Fetcher;
  createWriter(options: WriterOptions): CommitWriter;
  createMember(options: GroupOptions): GroupMember;
  close(): Promise<void>;
}
