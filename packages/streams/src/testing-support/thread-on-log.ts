// A stream thread on a broker in memory, for tests: what its input has, which commits are refused, and what
// it wrote.
import {
  eachRecord,
  RecordBatches,
  RefusedRecordsError,
  type CommitWriter,
  type RefusedFor,
} from '@activity/kafka';
import { setTimeout as sleep } from 'node:timers/promises';
import { failurePolicy, type FailureChoices } from '../runtime/failure-policy.ts';
import { noMetrics, type RuntimeMetrics } from '../runtime/metrics.ts';
import { StreamThread } from '../runtime/thread/stream-thread.ts';
import type { StreamThreadOptions } from '../runtime/thread/thread-options.ts';
import { topicNames } from '../runtime/topic-names.ts';
import { FakeLog } from '../testing/fake-log.ts';
import type { Topology } from '../topology/topology.ts';
import { logKafka } from './log-kafka.ts';
import { threadSettings } from './thread-settings.ts';

type CommitRequest = Parameters<CommitWriter['commit']>[0];

let threads: StreamThread[] = [];

/** Closes what {@link startThread} started. */
export async function closeThreads(): Promise<void> {
  await Promise.all(threads.map((thread) => thread.close()));
  threads = [];
}

/** A thread that runs, and what it has written and said. */
export interface StartedThread {
  log: FakeLog;
  thread: StreamThread;
  errors: Error[];
  lines: string[];
  /** What the topic has in a partition, as text. */
  values: (topic: string, partition?: number) => string[];
}

/** What a thread is started with. */
export interface StartThreadOptions {
  topology: Topology;
  /** Values of the input, by partition. */
  inputs: readonly (readonly string[])[];
  /** The event time of the nth value. */
  timeOf?: (n: number) => number;
  refuse?: (request: CommitRequest) => void;
  /** How long a commit takes, in milliseconds. */
  commitMs?: number;
  failures?: FailureChoices;
  settings?: Partial<StreamThreadOptions>;
  metrics?: Partial<RuntimeMetrics>;
}

/**
 * Starts a thread on a log in memory with topics `in`, `out` and `dead`, of as many partitions as there are
 * inputs.
 */
export function startThread({
  topology,
  inputs,
  timeOf = (n) => 1_000 + n,
  refuse,
  commitMs,
  failures,
  settings,
  metrics,
}: StartThreadOptions): StartedThread {
  const log = new FakeLog();
  for (const topic of ['in', 'out', 'dead', 'app-counts-changelog']) log.create(topic, inputs.length);
  const records = new RecordBatches();
  for (const [partition, values] of inputs.entries())
    for (const [n, value] of values.entries()) records.append('in', partition, timeOf(n), `k${n}`, value);
  log.append(records, []);
  const errors: Error[] = [];
  const lines: string[] = [];
  const thread = new StreamThread({
    ...threadSettings(),
    topology,
    names: topicNames('app', topology),
    kafka: logKafka({ log, commitMs, ...(refuse && { refuse }) }),
    metrics: { ...noMetrics, ...metrics },
    failures: failurePolicy(failures ?? { onFailure: {}, deadLetterTopic: 'dead' }),
    now: Date.now,
    log: (_level, message) => lines.push(message),
    onState: (_state, error) => error && errors.push(error),
    ...settings,
  });
  threads.push(thread);
  thread.start();
  const values = (topic: string, partition = 0): string[] =>
    log.records(topic, partition).map(({ value }) => value?.toString() ?? '');
  return { log, thread, errors, lines, values };
}

/** Waits until it is so; throws with what the thread logged where that takes too long. */
export async function until(done: () => boolean, lines: readonly string[]): Promise<void> {
  for (const end = Date.now() + 20_000; !done(); await sleep(5))
    if (Date.now() > end) throw new Error(`waited in vain; the log says\n${lines.slice(0, 30).join('\n')}`);
}

/** Refuses commits with records for partition 0 of a topic that are so; it names them, as a broker does. */
export function refusing(
  topic: string,
  bad: (value: string) => boolean,
  refusedFor: RefusedFor,
): (request: CommitRequest) => void {
  return ({ records }) => {
    const ordinals: number[] = [];
    let count = 0;
    eachRecord(records, (name, partition, { offset, value }) => {
      if (name !== topic || partition !== 0) return;
      count++;
      if (bad(value?.toString() ?? '')) ordinals.push(offset);
    });
    if (ordinals.length === 0) return;
    const about = { topic, partition: 0, refusedFor, records: count, bytes: 1_000, ordinals };
    throw new RefusedRecordsError(`producing to ${topic}-0: INVALID_RECORD`, about);
  };
}
