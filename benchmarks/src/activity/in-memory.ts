// The activity topology on a log in memory, without a broker: what a second thread is worth by itself, and
// what a bare loop does on the same records. Each thread processes the events of its share of the users, on
// its share of the partitions.
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { openFloor } from '@activity/processor/testing/floor';
import { openPipeline } from '@activity/processor/testing/pipeline';
import { benchmarkData, type DataOptions, type InputRecord } from '../processor/data.ts';
import { shown } from '../shared/figures.ts';
import { rotated } from '../shared/rotated.ts';
import { addUp, type Sums } from './sums.ts';

/** What processes the records: the topology on a number of threads (1, 2 or 4), or the bare loop on one. */
export type InMemory = { name: string } & ({ engine: 'topology'; threads: number } | { engine: 'floor' });

/** A thread's part of the work. */
interface Share {
  data: DataOptions;
  engine: InMemory['engine'];
  threads: number;
  index: number;
}

/** The work of a share. */
interface Work {
  /** Processes the first half of the records; called again, the rest. Returns how many. */
  processHalf: () => number;
  /** What has come of them. */
  sums: () => Sums;
}

const partitions = 4;

/** How many records of all threads a commit has: at least four commits, so that there is a second half. */
function commitSizeOf({ records }: DataOptions): number {
  return Math.min(5_000, Math.ceil(records / 4));
}

function userOf({ key }: InputRecord): number {
  return Number(key.slice(key.indexOf('-') + 1));
}

/** Reads in the records of a share. */
function prepare({ data, engine, threads, index }: Share): Work {
  const records = [...benchmarkData(data)].filter((record) => userOf(record) % threads === index);
  const commitSize = commitSizeOf(data);
  return engine === 'floor'
    ? prepareFloor(records, commitSize)
    : prepareTopology(records, commitSize, threads);
}

function prepareTopology(records: readonly InputRecord[], commitSize: number, threads: number): Work {
  const options = { partitions: partitions / threads, commits: 'manual', now: Date.now() } as const;
  const { driver, pipe, read } = openPipeline(options);
  for (const { key, value, timestamp } of records) pipe(key, value, timestamp);
  let until = Math.floor(records.length / 2);
  return {
    processHalf() {
      let processed = 0;
      while (processed < until) {
        const some = driver.process(Math.ceil(commitSize / partitions));
        if (some === 0) break;
        driver.beginCommit().succeed();
        processed += some;
      }
      until = records.length;
      return processed;
    },
    sums() {
      const totals = (topic: 'counts' | 'users'): [string, number][] =>
        read(topic).map(({ key, value }) => [key ?? '', Number(value?.['total'])]);
      return addUp({ logs: read('enriched').length, counts: totals('counts'), users: totals('users') });
    },
  };
}

/** The bare loop. Its outputs are encoded, as the topology's are, and kept. */
function prepareFloor(records: readonly InputRecord[], commitSize: number): Work {
  const now = Date.now();
  const floor = openFloor({ dedupeMs: 86_400_000, now: () => now });
  const inputs = records.map(({ key, value, timestamp }, offset) => {
    return { key, value: Buffer.from(value), timestamp, partition: 0, offset };
  });
  const outputs = {
    enriched: [] as [Buffer, Buffer][],
    counts: [] as [Buffer, Buffer][],
    users: [] as [Buffer, Buffer][],
  };
  let [next, until] = [0, Math.floor(inputs.length / 2)];
  return {
    processHalf() {
      const first = next;
      while (next < until) {
        for (const input of inputs.slice(next, next + commitSize)) {
          const log = floor.process(input);
          if (log) outputs.enriched.push([Buffer.from(log.key), Buffer.from(log.value)]);
        }
        next = Math.min(inputs.length, next + commitSize);
        for (const { topic, key, value } of floor.flush())
          outputs[topic].push([Buffer.from(key), Buffer.from(value)]);
      }
      until = inputs.length;
      return next - first;
    },
    sums() {
      const totals = (topic: 'counts' | 'users'): [string, number][] =>
        outputs[topic].map(([key, value]) => {
          const { total } = JSON.parse(value.toString()) as { total: number };
          return [key.toString(), total];
        });
      return addUp({ logs: outputs.enriched.length, counts: totals('counts'), users: totals('users') });
    },
  };
}

/** Records a second: over all of them, and over the second half. */
export interface InMemoryRates {
  whole: number;
  steady: number;
}

/**
 * Lets each process the records in turn. Returns the rates of each by round, and what is wrong in the
 * results.
 */
export async function inMemoryRates(
  data: DataOptions,
  { candidates, rounds }: { candidates: readonly InMemory[]; rounds: number },
): Promise<{ rates: Map<string, InMemoryRates[]>; wrong: string[] }> {
  const unique = new Set([...benchmarkData(data)].map(({ value }) => value)).size;
  const rates = new Map<string, InMemoryRates[]>(candidates.map(({ name }) => [name, []]));
  const wrong: string[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const candidate of rotated(candidates, round)) {
      const { whole, steady, logs, counts, users } = await inMemory(data, candidate);
      const { name } = candidate;
      if (logs !== unique || counts !== 3 * unique || users !== unique)
        wrong.push(
          `in memory, ${name}: ${logs} logs, ${counts} in windows, ${users} of users; ${unique} events`,
        );
      rates.get(name)?.push({ whole, steady });
      console.log(
        `round ${round}  ${name} in memory  ${shown(whole)} records/s, second half ${shown(steady)}`,
      );
    }
  }
  return { rates, wrong };
}

/** How fast it is from when all threads have read their records in, and what came of them. */
async function inMemory(data: DataOptions, candidate: InMemory): Promise<Sums & InMemoryRates> {
  const { engine } = candidate;
  const threads = candidate.engine === 'floor' ? 1 : candidate.threads;
  const workers = Array.from({ length: threads }, (_, index) => {
    const share: Share = { data, engine, threads, index };
    return new Worker(new URL(import.meta.url), { workerData: share });
  });
  /** Asks each thread; resolves with what all of them return. */
  async function ask<Result>(what: keyof Work): Promise<Result[]> {
    return Promise.all(
      workers.map(async (worker) => {
        const returned = once(worker, 'message') as Promise<[Result]>;
        worker.postMessage(what);
        return (await returned)[0];
      }),
    );
  }
  try {
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    const began = performance.now();
    await ask('processHalf');
    const half = performance.now();
    const rest = (await ask<number>('processHalf')).reduce((all, one) => all + one, 0);
    const ended = performance.now();
    const sums = await ask<Sums>('sums');
    const sum = (of: keyof Sums): number => sums.reduce((all, one) => all + one[of], 0);
    return {
      whole: data.records / ((ended - began) / 1_000),
      steady: rest / ((ended - half) / 1_000),
      logs: sum('logs'),
      counts: sum('counts'),
      users: sum('users'),
    };
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

if (!isMainThread && parentPort) {
  const port = parentPort;
  const work = prepare(workerData as Share);
  port.on('message', (what: keyof Work) => port.postMessage(work[what]()));
  port.postMessage('ready');
}
