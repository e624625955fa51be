// A day's worth of trouble for the real pipeline: raw records with duplicates,
// garbage, lateness, deletes and erasures.
import { defaultActivityTypes, defaultTopics, maxPartitions } from '@activity/contracts';
import { partitionOf } from '@activity/kafka/core';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { recordOf, type Raw } from '@activity/processor/testing/histories';
import { randomOf } from '@activity/testbed/testing/random';

/** How much of it. */
export interface ScenarioOptions {
  count: number;
  users: number;
  partitions: number;
  /** When the last record is received, in epoch milliseconds. */
  until: number;
  seed: number;
}

/**
 * 10% duplicates, 1% garbage, 1% late, 0.5% deletes, an erasure for every 2,000 records; a fifth of the users
 * sends most.
 */
export function scenario({ count, users, partitions, until, seed }: ScenarioOptions): Raw[] {
  const random = randomOf(seed);
  const pick = (n: number): number => Math.floor(random() * n);
  const names = Array.from({ length: users }, (_, index) => `user-${seed}-${index}`);
  const places = new Map(names.map((name) => [name, partitionOf(Buffer.from(name), partitions)]));
  const offsets = Array.from({ length: partitions }, () => 0);
  const sent: Raw[] = [];
  const events: Extract<Raw, { kind: 'event' }>[] = [];
  const erasures: number[] = [];
  const spanMs = 40 * 60_000;
  for (let index = 0; index < count; index++) {
    const at = until - spanMs + Math.floor((index * spanMs) / count);
    const user = names[random() < 0.8 ? pick(Math.ceil(users / 5)) : pick(users)] ?? '';
    const partition = places.get(user) ?? 0;
    const dice = random();
    const copied = events[pick(events.length)];
    let raw: Raw;
    if (dice < 0.1 && copied) {
      const timestamp = copied.timestamp === copied.at ? at : copied.timestamp;
      raw = { ...copied, at, received: at, timestamp };
    } else if (dice < 0.11) {
      raw = { kind: 'garbage', reason: 'undecodable', key: user, value: '{"userId":', partition, at };
    } else if (dice < 0.115) {
      // The first one after an erasure names this instead of a log.
      const id = erasures.pop() ?? pick(Math.max(1, offsets[partition] ?? 0)) * maxPartitions + partition;
      raw = { kind: 'delete', id, partition: id % maxPartitions, at };
    } else if (dice < 0.1155) {
      raw = { kind: 'erase', user, partition, at };
      erasures.push((offsets[partition] ?? 0) * maxPartitions + partition);
    } else {
      const timestamp = dice < 0.1255 ? at - 15 * 60_000 - pick(20 * 60_000) : at;
      const type = defaultActivityTypes[pick(defaultActivityTypes.length)] ?? 'LOGIN';
      const event = `event-${index}`;
      const times = { at, received: at, timestamp, timestampGiven: undefined };
      raw = { kind: 'event', user, event, type, partition, ...times };
      events.push(raw);
    }
    offsets[raw.partition] = (offsets[raw.partition] ?? 0) + 1;
    sent.push(raw);
  }
  return sent;
}

function messageOf(raw: Raw): { key: string | null; value: string | null } {
  const { key = null, value = null } = recordOf(raw);
  return { key, value: typeof value === 'object' && value !== null ? JSON.stringify(value) : value };
}

/** Writes records into the raw topic, each partition in order. */
export async function sendRaw(broker: string, records: readonly Raw[]): Promise<void> {
  const producer = new Kafka({ brokers: [broker], logLevel: logLevel.ERROR }).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  try {
    for (let from = 0; from < records.length; from += 500) {
      const messages = records.slice(from, from + 500).map((raw) => {
        const { key, value } = messageOf(raw);
        return { key, value, partition: raw.partition, timestamp: String(raw.at) };
      });
      await producer.send({ topic: defaultTopics.raw, messages });
    }
  } finally {
    await producer.disconnect();
  }
}
