// The benchmark's job as a bare loop over the client's own consumer and `send`, with state in memory: what a
// team would write without a library. One transaction a batch: outputs, changelog records and offsets.
// Arguments: brokers, application id, input, enriched, counts.
import { Consumer, Producer, stringSerializers } from '@platformatic/kafka';
import { processBatches, type Raw } from '../shared/batches.ts';

interface Activity {
  eventId: string;
  userId: string;
}

const [brokers = '', applicationId = '', input = '', enriched = '', counts = ''] = process.argv.slice(2);
const bootstrapBrokers = brokers.split(',');
const changelog = `${applicationId}-changelog`;

const consumer = new Consumer<string, string, unknown, unknown>({
  clientId: applicationId,
  groupId: applicationId,
  bootstrapBrokers,
  deserializers: {
    key: (data?: Buffer) => data?.toString() ?? '',
    value: (data?: Buffer) => data?.toString() ?? '',
  },
});
const producer = new Producer({
  clientId: applicationId,
  bootstrapBrokers,
  transactionalId: applicationId,
  idempotent: true,
  acks: -1,
  retryDelay: 5,
  timeout: 30_000,
  serializers: stringSerializers,
});

const seen = new Map<string, number>();
const totals = new Map<string, number>();

interface Output {
  topic: string;
  partition: number;
  key: string;
  value: string;
}

function work(batch: readonly Raw<string>[]): Output[] {
  const outputs: Output[] = [];
  const changed = new Map<string, { partition: number; total: number }>();
  for (const { key, value, partition, offset, timestamp } of batch) {
    const event = JSON.parse(value) as Activity;
    const id = `${key}|${event.eventId}`;
    const time = Number(timestamp);
    const before = seen.get(id);
    if (before !== undefined && time - before <= 86_400_000) continue;
    seen.set(id, time);
    outputs.push({ topic: changelog, partition, key: id, value: String(time) });
    const _id = Number(offset) * 1024 + partition;
    const log = JSON.stringify({ ...event, _id, createdAt: new Date().toISOString() });
    outputs.push({ topic: enriched, partition, key, value: log });
    for (const size of [60_000, 3_600_000]) {
      const window = `${key}|${size}|${Math.floor(time / size) * size}`;
      const total = (totals.get(window) ?? 0) + 1;
      totals.set(window, total);
      changed.set(window, { partition, total });
    }
  }
  for (const [_id, { partition, total }] of changed) {
    outputs.push({ topic: changelog, partition, key: _id, value: String(total) });
    outputs.push({ topic: counts, partition, key: _id, value: JSON.stringify({ _id, total }) });
  }
  return outputs;
}

async function commit(batch: readonly Raw<string>[]): Promise<void> {
  const outputs = work(batch);
  const transaction = await producer.beginTransaction();
  await transaction.addConsumer(consumer);
  // A send must stay below the broker's batch limit for each partition.
  for (let i = 0; i < outputs.length; i += 4000) {
    await transaction.send({ messages: outputs.slice(i, i + 4000) });
  }
  const last = new Map(batch.map((message) => [message.partition, message]));
  for (const message of last.values()) await transaction.addOffset(message);
  await transaction.commit();
}

await processBatches(consumer, input, commit);
