// The floor beside a broker: a bare loop over the client's own consumer and `send`, with state in memory and
// no transactions. Offsets are committed after what came of them is acknowledged: at least once.
// Arguments: brokers, group, raw topic, enriched, counts, users.
import { openFloor, type FloorOutput } from '@activity/processor/testing/floor';
import { Consumer, Producer, stringSerializers } from '@platformatic/kafka';
import { processBatches, type Raw } from '../shared/batches.ts';

const [brokers = '', group = '', input = '', enriched = '', counts = '', users = ''] = process.argv.slice(2);
const topics = { enriched, counts, users };

const common = { clientId: group, bootstrapBrokers: brokers.split(',') };
const consumer = new Consumer<string, Buffer, unknown, unknown>({
  ...common,
  groupId: group,
  deserializers: {
    key: (data?: Buffer) => data?.toString() ?? '',
    value: (data?: Buffer) => data ?? Buffer.alloc(0),
  },
});
const producer = new Producer({
  ...common,
  idempotent: true,
  acks: -1,
  // As the processor's own topics are by default.
  compression: 'gzip',
  retryDelay: 5,
  timeout: 30_000,
  serializers: stringSerializers,
});
const floor = openFloor({ dedupeMs: 86_400_000, now: Date.now });

function work(batch: readonly Raw<Buffer>[]): FloorOutput[] {
  const logs = batch.flatMap(({ key, value, partition, offset, timestamp }) => {
    const record = { key, value, partition, offset: Number(offset), timestamp: Number(timestamp) };
    const log = floor.process(record);
    return log ? [log] : [];
  });
  return [...logs, ...floor.flush()];
}

async function processAll(batch: readonly Raw<Buffer>[]): Promise<void> {
  const outputs = work(batch).map(({ topic, ...output }) => ({ topic: topics[topic], ...output }));
  // A send must stay below the broker's batch limit for each partition.
  for (let i = 0; i < outputs.length; i += 4_000)
    await producer.send({ messages: outputs.slice(i, i + 4_000) });
  const last = new Map(batch.map(({ partition, offset }) => [partition, offset]));
  const offsets = [...last].map(([partition, offset]) => ({
    topic: input,
    partition,
    offset: offset + 1n,
    leaderEpoch: 0,
  }));
  await consumer.commit({ offsets });
}

process.on('SIGTERM', () => process.exit(0));
await processBatches(consumer, input, processAll);
