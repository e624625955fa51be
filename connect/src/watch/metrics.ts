// What the watch shows to Prometheus: facts of Kafka and MongoDB that no service sees of itself.
import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/** What is looked at, each at its own pace. */
export type Watched = 'connect' | 'kafka' | 'disks' | 'ledger';

/** How many offsets a topic has given out. */
export interface TopicEnd {
  topic: string;
  /** What the topic is for: the key of its name in the contracts, or `internal`. */
  role: string;
  offsets: number;
}

/** Room on the disk of one part. */
export interface Disk {
  part: 'kafka' | 'mongodb';
  /** Which of them: a broker's folder, a database. */
  place: string;
  freeBytes: number;
  sizeBytes: number;
}

/** The watch's metrics. */
export interface WatchMetrics {
  topics: (ends: readonly TopicEnd[]) => void;
  /** Where the processor is in each partition of the raw topic. */
  processor: (partitions: readonly { partition: number; committed: number; end: number }[]) => void;
  /** Where each connector is, all partitions together. */
  sinks: (offsets: ReadonlyMap<string, number>) => void;
  /** The age of the oldest open transaction of each topic, in milliseconds. */
  transactions: (ages: ReadonlyMap<string, number>) => void;
  disks: (disks: readonly Disk[]) => void;
  ledger: (differences: ReadonlyMap<string, number>) => void;
  /** A look has ended well, after `seconds`. */
  looked: (what: Watched, seconds: number) => void;
}

/** Registers the metrics of what will be looked at; `now` is the time in epoch milliseconds. */
export function createWatchMetrics(
  registry: Registry,
  expected: readonly Watched[],
  now: () => number,
): WatchMetrics {
  const registers = [registry];
  const topicOffsets = new Counter({
    name: 'activity_pipeline_topic_offsets_total',
    help: 'Offsets that a topic has given out: its records, and the marker of each transaction',
    labelNames: ['topic', 'role'],
    registers,
  });
  const processorLag = new Gauge({
    name: 'activity_pipeline_processor_lag',
    help: 'Raw records that the processor has not committed yet, by the broker; whether it runs or not',
    labelNames: ['partition'],
    registers,
  });
  const processorOffsets = new Counter({
    name: 'activity_pipeline_processor_offsets_total',
    help: 'Raw records that the processor has committed, by the broker',
    labelNames: ['partition'],
    registers,
  });
  const sinkOffsets = new Counter({
    name: 'activity_pipeline_sink_offsets_total',
    help: 'Offsets that a connector has stored, by the broker',
    labelNames: ['connector'],
    registers,
  });
  const openTransaction = new Gauge({
    name: 'activity_pipeline_open_transaction_seconds',
    help: 'Age of the oldest open transaction of a topic, as far as it was seen; 0 for none. Readers stand before it',
    labelNames: ['topic'],
    registers,
  });
  const free = new Gauge({
    name: 'activity_pipeline_disk_free_bytes',
    help: 'Room left on the disk of a part',
    labelNames: ['part', 'place'],
    registers,
  });
  const size = new Gauge({
    name: 'activity_pipeline_disk_size_bytes',
    help: 'Size of the disk of a part',
    labelNames: ['part', 'place'],
    registers,
  });
  const ledger = new Gauge({
    name: 'activity_pipeline_ledger_difference',
    help: 'Records by which the ledger and what is stored differed, the last two times it was balanced: classes, missing or surplus',
    labelNames: ['what'],
    registers,
  });
  const looked = new Gauge({
    name: 'activity_pipeline_watched_timestamp_seconds',
    help: 'When something was looked at last; at first when the supervisor started',
    labelNames: ['what'],
    registers,
  });
  const took = new Gauge({
    name: 'activity_pipeline_watch_seconds',
    help: 'Time that the last look took',
    labelNames: ['what'],
    registers,
  });
  for (const what of expected) looked.set({ what }, now() / 1_000);

  return {
    topics(ends) {
      // A topic that was created again begins at 0 again, as a counter may.
      topicOffsets.reset();
      for (const { topic, role, offsets } of ends) topicOffsets.inc({ topic, role }, offsets);
    },
    processor(partitions) {
      processorOffsets.reset();
      for (const { partition, committed, end } of partitions) {
        processorLag.set({ partition }, Math.max(0, end - committed));
        processorOffsets.inc({ partition }, committed);
      }
    },
    sinks(offsets) {
      sinkOffsets.reset();
      for (const [connector, stored] of offsets) sinkOffsets.inc({ connector }, stored);
    },
    transactions(ages) {
      openTransaction.reset();
      for (const [topic, age] of ages) openTransaction.set({ topic }, age / 1_000);
    },
    disks(disks) {
      free.reset();
      size.reset();
      for (const { part, place, freeBytes, sizeBytes } of disks) {
        free.set({ part, place }, freeBytes);
        size.set({ part, place }, sizeBytes);
      }
    },
    ledger(differences) {
      for (const [what, records] of differences) ledger.set({ what }, records);
    },
    looked(what, seconds) {
      looked.set({ what }, now() / 1_000);
      took.set({ what }, seconds);
    },
  };
}
