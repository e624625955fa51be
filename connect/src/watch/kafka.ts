// Looks at Kafka: the ends of the pipeline's topics, where the processor is,
// transactions that stay open, disks.
import type { Topics } from '@activity/contracts';
import { needing } from '@activity/service';
import type { TopicReader } from '@activity/streams';
import { FetchIsolationLevels, ListOffsetTimestamps, type Admin } from '@platformatic/kafka';
import type { Disk, TopicEnd, WatchMetrics } from './metrics.ts';
import { OpenTransactions, type PartitionEnds } from './open-transactions.ts';

/** What looking at Kafka needs. */
export interface KafkaWatchOptions {
  admin: Admin;
  reader: Pick<TopicReader, 'committed'>;
  topics: Topics;
  /** The processor's application id, with which its own topics begin. */
  groupId: string;
  metrics: Pick<WatchMetrics, 'topics' | 'processor' | 'transactions'>;
  /** Milliseconds of a clock that does not jump. */
  now: () => number;
}

/** The pipeline's topics that are there, by what they are for. */
async function rolesOf({ admin, topics, groupId }: KafkaWatchOptions): Promise<Map<string, string>> {
  const named = new Map(Object.entries(topics).map(([role, topic]) => [topic, role]));
  const roles = new Map<string, string>();
  for (const topic of await admin.listTopics()) {
    const role = named.get(topic) ?? (topic.startsWith(`${groupId}-`) ? 'internal' : undefined);
    if (role !== undefined) roles.set(topic, role);
  }
  return roles;
}

/** The ends of all partitions; where transactions are open first, as `PartitionEnds` wants it. */
async function endsOf(admin: Admin, names: readonly string[]): Promise<PartitionEnds[]> {
  const found = await admin.metadata({ topics: [...names], forceUpdate: true });
  const topics = [...found.topics].map(([name, { partitionsCount }]) => ({
    name,
    partitions: Array.from({ length: partitionsCount }, (_, partitionIndex) => ({
      partitionIndex,
      timestamp: ListOffsetTimestamps.LATEST,
    })),
  }));
  const stable = await admin.listOffsets({ topics, isolationLevel: FetchIsolationLevels.READ_COMMITTED });
  const high = await admin.listOffsets({ topics, isolationLevel: FetchIsolationLevels.READ_UNCOMMITTED });
  const highs = new Map(
    high.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, offset }) => [`${name} ${partitionIndex}`, Number(offset)] as const),
    ),
  );
  return stable.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, offset }) => ({
      topic: name,
      partition: partitionIndex,
      stable: Number(offset),
      high: highs.get(`${name} ${partitionIndex}`) ?? 0,
    })),
  );
}

/** Makes what takes one look. @throws Error where Kafka does not answer. */
export function createKafkaWatch(options: KafkaWatchOptions): () => Promise<void> {
  const { admin, reader, topics, groupId, metrics, now } = options;
  const transactions = new OpenTransactions();
  return async function lookAtKafka() {
    const roles = await rolesOf(options);
    const ends = roles.size === 0 ? [] : await endsOf(admin, [...roles.keys()]);
    const committed = roles.has(topics.raw) ? await reader.committed(groupId, topics.raw) : [];
    const sums = new Map<string, TopicEnd>(
      [...roles].map(([topic, role]) => [topic, { topic, role, offsets: 0 }]),
    );
    for (const { topic, high } of ends) {
      const sum = sums.get(topic);
      if (sum) sum.offsets += high;
    }
    metrics.topics([...sums.values()]);
    metrics.transactions(transactions.look(ends, now()));
    metrics.processor(
      ends
        .filter(({ topic }) => topic === topics.raw)
        .map(({ partition, high }) => ({ partition, committed: committed[partition] ?? 0, end: high })),
    );
  };
}

/** The disks of the brokers; none of a broker that does not tell (before Kafka 3.3). */
export async function brokerDisks(admin: Admin): Promise<Disk[]> {
  const brokers = await needing('Describe on the cluster', () => admin.describeLogDirs({ topics: [] }));
  return brokers.flatMap(({ broker, results }) =>
    results
      .filter(({ totalBytes }) => totalBytes >= 0n)
      .map(({ logDir, totalBytes, usableBytes }) => ({
        part: 'kafka' as const,
        place: `broker ${broker} ${logDir}`,
        freeBytes: Number(usableBytes),
        sizeBytes: Number(totalBytes),
      })),
  );
}
