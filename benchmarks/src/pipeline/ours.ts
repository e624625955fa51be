// One run of the pipeline: everything is sent, waited for, checked, and measured.
import { MongoClient } from 'mongodb';
import { defaultTopics } from '@activity/contracts';
import { cpuOf, perEvent } from '../shared/cpu.ts';
import { differencesOf } from './differences.ts';
import { eventOf, startBefore, type EventsOptions } from './events.ts';
import { topicBytes } from '../shared/topic-bytes.ts';
import { collectionBytes, recordsOf, type CollectionBytes } from './sizes.ts';
import type { Process, Stack } from './stack.ts';
import { startSender } from './start-sender.ts';
import { untilStored } from './stored.ts';
import { sumsOf } from './sums.ts';

/** What one run has found. Rates are a second, everything else is of one event. */
export interface PipelineRun {
  /** From the first request until everything is stored. */
  stored: number;
  /** The second half of the logs, as they were stored: when the machines have warmed up. */
  secondHalf: number;
  /** From the first request to the last answer. */
  acceptedRate: number;
  seconds: number;
  retries: number;
  /** Microseconds of CPU of each process. */
  cpu: Record<Process, number>;
  total: number;
  /** The sender's own. */
  sender: number;
  /** How often all windows or totals were added up meanwhile. */
  sums: number;
  topics: Record<string, number>;
  kafka: number;
  collections: Record<string, CollectionBytes>;
  mongodb: number;
  records: Record<string, number>;
  wrong: string[];
}

/** The topics that connectors copy into MongoDB. */
const sinkTopics = (['enriched', 'counts', 'users', 'globalCounts', 'ledger'] as const).map(
  (role) => defaultTopics[role],
);

function sum(values: Iterable<number>): number {
  return [...values].reduce((all, value) => all + value, 0);
}

/** Sends `count` events of `users` users through a stack that has had none. */
export async function runPipeline(
  stack: Stack,
  { count, users }: Omit<EventsOptions, 'start'>,
): Promise<PipelineRun> {
  const client = await new MongoClient(stack.mongodb).connect();
  const events: EventsOptions = { count, users, start: startBefore(Date.now()) };
  const sender = await startSender({ ...events, port: stack.ports.ingest, batch: 100, connections: 16 });
  try {
    const db = client.db();
    const pids = stack.pids();
    const bytesBefore = topicBytes(stack.kafkaLogs);
    const cpuBefore = cpuOf(pids);
    const [sent, stored] = await Promise.all([sender.send(), untilStored({ db, kafka: stack.kafka }, count)]);
    const cpu = perEvent(cpuBefore, cpuOf(pids), count);
    const bytes = topicBytes(stack.kafkaLogs);

    const sums = sumsOf(Array.from({ length: count }, (_, index) => eventOf(index, events)));
    const wrong = [
      ...sent.unexpected.map((answer) => `the edge returned ${answer}`),
      ...(sent.accepted === count ? [] : [`the edge accepted ${sent.accepted} of ${count} events`]),
      ...(await differencesOf(db, sums)),
      ...Object.entries(stack.pids())
        .filter(([name, pid]) => pids[name as Process] !== pid)
        .map(([name]) => `${name} was started again meanwhile: its CPU is not known`),
    ];
    const collections = await collectionBytes(db);
    const records = await recordsOf(stack.kafka, sinkTopics);
    const topics = [...bytes].map(([topic, size]): [string, number] => [
      topic,
      (size - (bytesBefore.get(topic) ?? 0)) / count,
    ]);
    const rate = (many: number, from: number, to: number): number => Math.round((many / (to - from)) * 1_000);
    return {
      stored: rate(count, sent.began, stored.all),
      secondHalf: rate(count / 2, stored.half, stored.logs),
      acceptedRate: rate(count, sent.began, sent.ended),
      seconds: (stored.all - sent.began) / 1_000,
      retries: sent.retries,
      cpu,
      total: sum(Object.values(cpu)),
      sender: sent.cpu / count,
      sums: stored.sums,
      topics: Object.fromEntries(topics),
      kafka: sum(topics.map(([, size]) => size)),
      collections: Object.fromEntries(collections),
      mongodb: sum([...collections.values()].map(({ storage, indexes }) => (storage + indexes) / count)),
      records: Object.fromEntries([...records].map(([topic, found]) => [topic, found / count])),
      wrong,
    };
  } finally {
    sender.stop();
    await client.close();
  }
}
