// Short ways to say what a commit writes.
import {
  partitionName,
  type CommittedOffset,
  type CommitRequest,
  type FetchedPartition,
  type GroupIdentity,
  type KafkaPort,
} from '../client/port.ts';
import type { SourceRecord } from '../format/record.ts';
import { RecordBatches } from '../format/record-batches.ts';

/** A record to write. */
export type Write = readonly [topic: string, partition: number, key: string | null, value: string | null];

/** An identity for commits without offsets: these the broker does not check. */
export function anyoneIn(groupId: string): GroupIdentity {
  return { groupId, generationId: 1, memberId: 'anyone', groupInstanceId: null };
}

/**
 * The identity of a member that has joined a group, as a commit of offsets needs it; it stays until the
 * client is closed.
 */
export async function memberOf(kafka: KafkaPort, groupId: string): Promise<GroupIdentity> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const member = kafka.createMember({
    groupId,
    groupInstanceId: null,
    topics: [],
    sessionTimeoutMs: 60_000,
    rebalanceTimeoutMs: 10_000,
    handler: {
      beforeJoin: async () => Buffer.alloc(0),
      assign: async (members) => new Map(members.map(({ memberId }) => [memberId, Buffer.alloc(0)])),
      onAssigned: async () => {
        resolve();
        return false;
      },
      onLost: async () => {},
      onFatal: reject,
    },
  });
  member.start();
  await promise;
  return member.identity();
}

/** A commit of records and offsets. */
export function commitOf(
  group: GroupIdentity,
  writes: readonly Write[],
  offsets: readonly Omit<CommittedOffset, 'metadata'>[] = [],
): CommitRequest {
  const records = new RecordBatches();
  for (const [topic, partition, key, value] of writes) {
    records.append(topic, partition, Date.now(), key, value, []);
  }
  return { records, offsets: offsets.map((offset) => ({ ...offset, metadata: '' })), group };
}

/**
 * Reads a partition from an offset up to what is its end now. A transaction that is still open is waited for:
 * so is one that has just been committed, whose markers come a moment later.
 */
export async function readPartition(
  kafka: KafkaPort,
  topic: string,
  partition: number,
  from = 0,
): Promise<{ records: SourceRecord[]; fetches: FetchedPartition[] }> {
  const ends = await kafka.listOffsets([{ topic, partition }], 'latest');
  const end = ends.get(partitionName(topic, partition)) ?? 0;
  const fetcher = kafka.createFetcher();
  const fetches: FetchedPartition[] = [];
  try {
    for (let offset = from; offset < end;) {
      const [fetched] = await fetcher.fetch([{ topic, partition, offset }], 50);
      if (!fetched) continue;
      fetches.push(fetched);
      offset = fetched.nextOffset;
    }
  } finally {
    await fetcher.close();
  }
  return { records: fetches.flatMap(({ records }) => records), fetches };
}

/** The values of records. */
export function valuesOf(records: readonly SourceRecord[]): (string | null)[] {
  return records.map(({ value }) => value && value.toString());
}
