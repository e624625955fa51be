// Fetching everything the pipeline runs on, side by side.
import type { Report } from '@activity/testbed/fetch/context';
import { ensureKafka, type KafkaHome } from '@activity/testbed/fetch/kafka';
import { ensureMongod, type Mongod } from '@activity/testbed/fetch/mongod';
import { Problem, reasonOf } from '@activity/testbed/process/problem';
import type { Steps } from '@activity/testbed/steps';

/** What the parts are started from. */
export interface Fetched {
  home: KafkaHome;
  mongod: Mongod;
}

/** Who to tell, when to give up, where to note how long it took. */
export interface FetchAllOptions {
  report: (part: string, line: string) => void;
  signal: AbortSignal;
  steps: Steps;
}

function reporter(options: FetchAllOptions, part: string): Report {
  return (line) => options.report(part, line);
}

/** Finds or fetches Java's parts and mongod. The first failure stops the other fetch. */
export async function fetchAll(options: FetchAllOptions): Promise<Fetched> {
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  async function step<T>(name: string, fetch: () => Promise<T>): Promise<T> {
    try {
      return await options.steps.measure(name, fetch);
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  }
  const [kafka, mongodb] = await Promise.allSettled([
    step('fetching Kafka and Connect', () => ensureKafka({ report: reporter(options, 'kafka'), signal })),
    step('fetching MongoDB', () => ensureMongod({ report: reporter(options, 'mongodb'), signal })),
  ]);
  options.signal.throwIfAborted();
  if (kafka.status === 'fulfilled' && mongodb.status === 'fulfilled') {
    const { java, version } = kafka.value;
    options.report('kafka', `Apache Kafka ${version} from Maven, on Java ${java.major} (${java.file})`);
    options.report('mongodb', `mongod ${mongodb.value.version} from ${mongodb.value.source}`);
    return { home: kafka.value, mongod: mongodb.value };
  }
  const reason: unknown = failed.signal.reason;
  throw reason instanceof Problem
    ? reason
    : new Problem(`fetching failed: ${reasonOf(reason)}`, { cause: reason });
}
