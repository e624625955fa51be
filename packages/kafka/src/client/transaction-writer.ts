// Writes commits: one Kafka transaction each, or, without a transactional id, idempotently and at least once.
//
//   open ──▶ addPartitions ──▶ addOffsets ──▶ produce (all partitions) ──▶ txnOffsetCommit ──▶ endTxn ──▶ open
//     any failure ──▶ broken: never commits again, its owner closes it and opens a new one
import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamsError } from '../errors.ts';
import { FatalError, RefusedRecordsError, RejoinError, RetriableError, type RefusedFor } from '../errors.ts';
import { compressorOf } from './compress.ts';
import { retrying, transferMs, type Cluster } from './cluster.ts';
import type { Link } from './link.ts';
import { remedyOfName } from './remedies.ts';
import { crc32c, wire, type ProducedPartition } from './wire.ts';
import {
  partitionName,
  type CommitRequest,
  type CommitResult,
  type CommitWriter,
  type CommittedOffset,
  type GroupIdentity,
  type TopicPartition,
  type WriterOptions,
} from './port.ts';
import { sealBatch, type OpenBatch, type RecordBatches } from '../format/record-batches.ts';

/** What the broker refuses for ever in a batch, by the names of its errors. */
const refusals = new Map<string, RefusedFor>([
  ['MESSAGE_TOO_LARGE', 'size'],
  ['RECORD_LIST_TOO_LARGE', 'size'],
  ['INVALID_TIMESTAMP', 'time'],
  ['INVALID_RECORD', 'content'],
]);

const remedies: { readonly [R in RefusedFor]: string } = {
  size: "write smaller values, or raise the topic's max.message.bytes",
  time: 'write times that the topic takes, or raise its message.timestamp.after.max.ms and before.max.ms',
  content: 'a compacted topic takes no record without a key',
};

interface Chunk {
  topic: string;
  partition: number;
  batch: OpenBatch;
  /** How many records of the commit for this partition are in batches before this one. */
  first: number;
}

/** How long closing waits for the end of a transaction that failed. */
const abortWaitMs = 1_000;
/** How long an election of a leader may take. */
const leaderDeadlineMs = 5_000;
/** How long the broker may take to give a producer id while a predecessor's transaction is being ended. */
const openDeadlineMs = 60_000;

/** A {@link CommitWriter} over wire calls. */
export class TransactionWriter implements CommitWriter {
  readonly #cluster: Cluster;
  readonly #options: WriterOptions;
  readonly #sequences = new Map<string, number>();
  readonly #links = new Map<number, Link>();
  #producerId = -1n;
  #producerEpoch = -1;
  #broken: StreamsError | undefined;
  #inTransaction = false;

  constructor(cluster: Cluster, options: WriterOptions) {
    this.#cluster = cluster;
    this.#options = options;
  }

  async open(): Promise<void> {
    const { transactionalId, transactionTimeoutMs } = this.#options;
    await retrying(openDeadlineMs, async () => {
      // -1/-1 asks for a fresh epoch: the client's default of 0/0 is refused, or fences nothing.
      const ask = (link: Link): ReturnType<typeof wire.initProducerId.async> =>
        link.call(
          `opening producer ${transactionalId ?? '(no transactions)'}`,
          wire.initProducerId,
          transactionalId,
          transactionTimeoutMs,
          -1n,
          -1,
        );
      const answer =
        transactionalId === null
          ? await this.#cluster.onAnyBroker(ask)
          : await this.#cluster.onCoordinator('transaction', transactionalId, ask);
      this.#producerId = answer.producerId;
      this.#producerEpoch = answer.producerEpoch;
    });
  }

  async commit(request: CommitRequest): Promise<CommitResult> {
    if (this.#broken) throw this.#broken;
    if (this.#producerId < 0n) throw new FatalError('CONFIGURATION_INVALID', 'committing before open()');
    checkMembership(request);
    try {
      return this.#options.transactionalId === null
        ? await this.#commitAtLeastOnce(request)
        : await this.#commitTransaction(this.#options.transactionalId, request);
    } catch (error) {
      this.#broken = error as StreamsError;
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#broken ??= new RetriableError('CONNECTION_LOST', 'the writer was closed');
    if (this.#inTransaction)
      await Promise.race([this.#abort(), sleep(abortWaitMs, undefined, { ref: false })]);
    await Promise.all([...this.#links.values()].map((link) => link.close()));
  }

  /**
   * Ends a transaction that failed: readers of its partitions would wait for it until it times out. The
   * broker takes it only from the producer that the transaction belongs to, and only while it is open.
   */
  async #abort(): Promise<void> {
    this.#inTransaction = false;
    const id = this.#options.transactionalId as string;
    await this.#cluster
      .onCoordinator('transaction', id, (link) =>
        link.call('aborting', wire.endTxn, id, this.#producerId, this.#producerEpoch, false),
      )
      .catch(() => {});
  }

  async #commitTransaction(id: string, request: CommitRequest): Promise<CommitResult> {
    const { records, offsets } = request;
    const group = offsets.length > 0 ? request.group : undefined;
    this.#inTransaction = true;
    if (records.count > 0) {
      const topics = [...records.topics].map(([name, partitions]) => ({
        name,
        partitions: [...partitions.keys()],
      }));
      await retrying(5000, () =>
        this.#cluster.onCoordinator('transaction', id, (link) =>
          link.call('adding partitions to the transaction', wire.addPartitionsToTxn, [
            {
              transactionalId: id,
              producerId: this.#producerId,
              producerEpoch: this.#producerEpoch,
              verifyOnly: false,
              topics,
            },
          ]),
        ),
      );
    }
    // One after the other. Partition leaders and the group's coordinator each verify the transaction before
    // they write; while another of its requests is at the same step, a leader refuses the records with
    // NOT_ENOUGH_REPLICAS. Side by side, one commit in fourteen failed so.
    if (group) await this.#addOffsets(id, group);
    const ends = await this.#produce(records);
    if (group) await this.#sendOffsets(id, offsets, group);
    try {
      await this.#cluster.onCoordinator('transaction', id, (link) =>
        link.call('committing', wire.endTxn, id, this.#producerId, this.#producerEpoch, true),
      );
    } catch (error) {
      if (error instanceof RetriableError) {
        throw new RetriableError('COMMIT_OUTCOME_UNKNOWN', `${error.message}; it may have been committed`, {
          cause: error,
        });
      }
      throw error;
    }
    this.#inTransaction = false;
    return ends;
  }

  async #addOffsets(id: string, group: GroupIdentity): Promise<void> {
    await retrying(5000, () =>
      this.#cluster.onCoordinator('transaction', id, (link) =>
        link.call(
          `adding offsets of group ${group.groupId} to the transaction`,
          wire.addOffsetsToTxn,
          id,
          this.#producerId,
          this.#producerEpoch,
          group.groupId,
        ),
      ),
    );
  }

  async #sendOffsets(id: string, offsets: readonly CommittedOffset[], group: GroupIdentity): Promise<void> {
    // One request for all partitions, with generation and member: the client's concurrent addOffset calls
    // collapse into the first, and without a generation a stale member would not be refused.
    await onGroup(this.#cluster, group.groupId, (link) =>
      link.call(
        `committing offsets of group ${group.groupId}`,
        wire.txnOffsetCommit,
        id,
        group.groupId,
        this.#producerId,
        this.#producerEpoch,
        group.generationId,
        group.memberId,
        group.groupInstanceId,
        offsetTopics(offsets),
      ),
    );
  }

  async #commitAtLeastOnce({ records, offsets, group }: CommitRequest): Promise<CommitResult> {
    const ends = await this.#produce(records);
    if (group && offsets.length > 0) {
      await onGroup(this.#cluster, group.groupId, (link) =>
        link.call(
          `committing offsets of group ${group.groupId}`,
          wire.offsetCommit,
          group.groupId,
          group.generationId,
          group.memberId,
          group.groupInstanceId,
          offsetTopics(offsets),
        ),
      );
    }
    return ends;
  }

  async #produce(records: RecordBatches): Promise<Map<string, number>> {
    const ends = new Map<string, number>();
    if (records.count === 0) return ends;
    const partitions = [...records.topics].flatMap(([topic, written]) =>
      [...written].map(([partition, { batches }]) => ({ topic, partition, batches })),
    );
    // Nothing has been sent yet: a leader that is being elected is worth a wait.
    const byLeader = await retrying(
      leaderDeadlineMs,
      () => this.#cluster.leaders(partitions),
      (error) => error instanceof RetriableError && error.code !== 'TOPIC_UNKNOWN',
    );
    try {
      await Promise.all(
        [...byLeader].map(async ([leader, led]) => {
          const link = this.#link(leader);
          // A request holds one batch for each partition; the rounds of one leader are pipelined on one
          // connection.
          await Promise.all(roundsOf(led).map((chunks) => this.#send(link, chunks, ends)));
        }),
      );
    } catch (error) {
      this.#cluster.forget(records.topics.keys());
      throw error;
    }
    return ends;
  }

  async #send(link: Link, chunks: readonly Chunk[], ends: Map<string, number>): Promise<void> {
    const topics = new Map<string, { name: string; partitions: { index: number; records: Buffer }[] }>();
    const { transactionalId, compression = () => 'none' } = this.#options;
    const producer = {
      producerId: this.#producerId,
      producerEpoch: this.#producerEpoch,
      transactional: transactionalId !== null,
    };
    for (const { topic, partition, batch } of chunks) {
      const name = partitionName(topic, partition);
      const sequence = this.#sequences.get(name) ?? 0;
      this.#sequences.set(name, (sequence + batch.count) % 0x80000000);
      let entry = topics.get(topic);
      if (!entry) topics.set(topic, (entry = { name: topic, partitions: [] }));
      const sealed = sealBatch(batch, producer, sequence, crc32c, compressorOf(compression(topic)));
      entry.partitions.push({ index: partition, records: sealed });
    }
    const produced = await link.call('producing', wire.produce, transactionalId, 30_000, [
      ...topics.values(),
    ]);
    for (const chunk of chunks) this.#accept(chunk, produced, ends);
  }

  #accept(
    { topic, partition, batch, first }: Chunk,
    produced: readonly ProducedPartition[],
    ends: Map<string, number>,
  ): void {
    const answer = produced.find((p) => p.topic === topic && p.partition === partition);
    const name = partitionName(topic, partition);
    if (!answer)
      throw new RetriableError('BROKER_REFUSED', `producing to ${name}: the broker did not answer for it`);
    const refusedFor = answer.error && refusals.get(answer.error);
    if (answer.error && refusedFor) {
      const message = `producing to ${name}: ${answer.error}; ${remedies[refusedFor]}`;
      const { count: records, length: bytes } = batch;
      const refused = answer.refused.length === 0 && records === 1 ? [0] : answer.refused;
      const ordinals = refused.map((index) => first + index);
      throw new RefusedRecordsError(message, { topic, partition, refusedFor, records, bytes, ordinals });
    }
    if (answer.error)
      throw remedyOfName(answer.error, `producing to ${name}`, { operation: 'Write', topics: [topic] });
    const end = answer.baseOffset + batch.count;
    if (end > (ends.get(name) ?? 0)) ends.set(name, end);
  }

  #link(leader: number): Link {
    let link = this.#links.get(leader);
    if (!link) {
      const { requestTimeoutMs } = this.#cluster.options;
      // The broker ends a transaction that takes longer.
      const { transactionalId, transactionTimeoutMs } = this.#options;
      const timeoutMs = transactionalId === null ? transferMs : transactionTimeoutMs;
      const node = this.#cluster.link(leader, 'produce');
      link = this.#cluster.dedicated(node, Math.min(timeoutMs, requestTimeoutMs));
      this.#links.set(leader, link);
    }
    return link;
  }
}

/** The batches of some partitions in rounds: each holds one batch of a partition at most. */
function roundsOf(led: readonly (TopicPartition & { batches: readonly OpenBatch[] })[]): Chunk[][] {
  const rounds: Chunk[][] = [];
  for (const { topic, partition, batches } of led) {
    let first = 0;
    for (const [round, batch] of batches.entries()) {
      (rounds[round] ??= []).push({ topic, partition, batch, first });
      first += batch.count;
    }
  }
  return rounds;
}

/**
 * A transaction's offsets are taken without a generation even while the group has members: the broker then
 * fences nobody, and two owners of a partition would both commit.
 */
function checkMembership({ group, offsets }: CommitRequest): void {
  if (!group) {
    if (offsets.length === 0) return;
    throw new FatalError('CONFIGURATION_INVALID', 'committing offsets of no group');
  }
  const { groupId, generationId, memberId } = group;
  if (generationId >= 0 && memberId !== '') return;
  throw new RejoinError(
    'GENERATION_STALE',
    `committing to group ${groupId}: not a member of it now; join again first`,
  );
}

function onGroup<T>(cluster: Cluster, groupId: string, call: (link: Link) => Promise<T>): Promise<T> {
  return retrying(5000, () => cluster.onCoordinator('group', groupId, call));
}

function offsetTopics(offsets: readonly CommittedOffset[]): {
  name: string;
  partitions: {
    partitionIndex: number;
    committedOffset: bigint;
    committedLeaderEpoch: number;
    committedMetadata: string;
  }[];
}[] {
  const topics = new Map<string, ReturnType<typeof offsetTopics>[number]>();
  for (const { topic, partition, offset, leaderEpoch = -1, metadata } of offsets) {
    let entry = topics.get(topic);
    if (!entry) topics.set(topic, (entry = { name: topic, partitions: [] }));
    entry.partitions.push({
      partitionIndex: partition,
      committedOffset: BigInt(offset),
      committedLeaderEpoch: leaderEpoch,
      committedMetadata: metadata,
    });
  }
  return [...topics.values()];
}
