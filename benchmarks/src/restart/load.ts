// The restart benchmark's producer, a process of its own: writes the records from number `from` on at a fixed
// rate, until number `until` or the end of its standard input; then prints one line of JSON. Where the broker
// takes them later, it catches up.
import '@activity/testbed/testing/mend-kafkajs';
import { Partitioners } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../processor/kafka.ts';
import { recordOf } from './records.ts';

/** What it writes. */
export interface LoadOptions {
  broker: string;
  topic: string;
  keys: number;
  from: number;
  until?: number;
  perSecond: number;
}

/** What it has written. */
export interface LoadResult {
  /** The number after the last record's. */
  next: number;
  perSecond: number;
  /** The share of one processor that it took. */
  generator: number;
}

const largestBatch = 10_000;

async function write(options: LoadOptions): Promise<LoadResult> {
  const { broker, topic, keys, from, until = Number.MAX_SAFE_INTEGER, perSecond } = options;
  const stop = { asked: false };
  process.stdin.once('end', () => (stop.asked = true)).resume();
  const kafka = connect(broker);
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    idempotent: true,
    maxInFlightRequests: 1,
  });
  await producer.connect();
  const usage = process.cpuUsage();
  const began = performance.now();
  const secondsSoFar = (): number => (performance.now() - began) / 1_000;
  let next = from;
  while (!stop.asked && next < until) {
    const due = from + Math.floor(secondsSoFar() * perSecond);
    const count = Math.min(largestBatch, until - next, due - next);
    if (count > 0) {
      const messages = Array.from({ length: count }, (_, index) => recordOf(next + index, keys));
      await producer.send({ topic, messages });
      next += count;
    }
    if (count < largestBatch) await sleep(20);
  }
  const seconds = secondsSoFar();
  const { user, system } = process.cpuUsage(usage);
  await producer.disconnect();
  return { next, perSecond: (next - from) / seconds, generator: (user + system) / seconds / 1_000_000 };
}

console.log(JSON.stringify(await write(JSON.parse(process.argv[2] ?? '{}') as LoadOptions)));
process.exit();
