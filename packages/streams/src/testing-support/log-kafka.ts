// Kafka for one stream thread, in memory: one member that gets every task,
// and a log that takes or refuses commits.
import {
  partitionName,
  type CommitResult,
  type CommitWriter,
  type GroupMember,
  type KafkaPort,
} from '@activity/kafka';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FakeLog } from '../testing/fake-log.ts';

type CommitRequest = Parameters<CommitWriter['commit']>[0];
type GroupOptions = Parameters<KafkaPort['createMember']>[0];

/** What a test decides about the broker. */
export interface LogKafkaOptions {
  log: FakeLog;
  /** Throws what the broker refuses a commit with. */
  refuse?: (request: CommitRequest) => void;
  /** How long a commit takes, in milliseconds; 0 unless given. */
  commitMs?: number | undefined;
}

/** See the top of this file. */
export function logKafka({ log, refuse = () => {}, commitMs = 0 }: LogKafkaOptions): KafkaPort {
  const port: Partial<KafkaPort> = {
    listTopics: async () => [],
    async describeTopics(topics) {
      const known = topics.filter((name) => log.partitions(name) !== undefined);
      return new Map(known.map((name) => [name, { name, id: name, partitions: log.partitions(name) ?? 0 }]));
    },
    committedOffsets: async (_group, partitions) =>
      log
        .committed()
        .filter((offset) =>
          partitions.some((p) => p.topic === offset.topic && p.partition === offset.partition),
        ),
    stableOffsets: async (group, partitions) => ({
      offsets: (await port.committedOffsets?.(group, partitions)) ?? [],
      unstable: [],
    }),
    async listOffsets(partitions, at) {
      const offsets = partitions.map(({ topic, partition }): [string, number] => [
        partitionName(topic, partition),
        at === 'earliest' ? 0 : log.records(topic, partition).length,
      ]);
      return new Map(offsets);
    },
    endsOfEpochs: async () => new Map(),
    offsetsForTimes: async () => new Map(),
    deleteRecords: async () => {},
    createFetcher: () => ({
      async fetch(positions) {
        await sleep(1);
        return positions.flatMap(({ topic, partition, offset }) => {
          const all = log.records(topic, partition);
          const records = all.slice(offset, offset + 500);
          if (log.partitions(topic) === undefined) return [];
          const nextOffset = offset + records.length;
          const ends = { highWatermark: all.length, endOffset: all.length };
          return [{ topic, partition, fetchOffset: offset, nextOffset, ...ends, records }];
        });
      },
      close: async () => {},
    }),
    createWriter: () => ({
      open: async () => {},
      async commit(request): Promise<CommitResult> {
        refuse(request);
        if (commitMs > 0) await sleep(commitMs);
        return log.append(request.records, request.offsets);
      },
      close: async () => {},
    }),
    createMember: (options) => fakeMember(options),
    close: async () => {},
  };
  return port as KafkaPort;
}

function fakeMember({ groupId, handler }: GroupOptions): GroupMember {
  async function join(): Promise<void> {
    const userData = await handler.beforeJoin();
    const given = await handler.assign([{ memberId: 'm', userData }], 'm');
    await handler.onAssigned(given.get('m') ?? Buffer.alloc(0));
  }
  return {
    start: () => void join().catch(() => {}),
    identity: () => ({ groupId, generationId: 1, memberId: 'm', groupInstanceId: null }),
    rejoin: () => void join().catch(() => {}),
    close: async () => {},
  };
}
