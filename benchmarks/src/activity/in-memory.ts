// The activity topology on a log in memory, without a broker: what a second thread is worth by itself. Each
// thread processes the events of its share of the users, on its share of the partitions.
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { openPipeline } from '@activity/processor/testing/pipeline';
import { benchmarkData, type DataOptions } from '../processor/data.ts';
import { median } from '../shared/median.ts';
import { rotated } from '../shared/rotated.ts';

/** A thread's part of the work. */
interface Share {
  data: DataOptions;
  threads: number;
  index: number;
}

const partitions = 4;
const recordsOfCommit = 5_000;

/**
 * Reads in the records of a share. The returned function processes them and returns how many logs it wrote.
 */
function prepare({ data, threads, index }: Share): () => number {
  const { driver, pipe, read } = openPipeline({
    partitions: partitions / threads,
    commits: 'manual',
    now: Date.now(),
  });
  for (const { key, value, timestamp } of benchmarkData(data))
    if (Number(key.slice(key.indexOf('-') + 1)) % threads === index) pipe(key, value, timestamp);
  return function processAll(): number {
    while (driver.process(recordsOfCommit / partitions) > 0) driver.beginCommit().succeed();
    return read('enriched').length;
  };
}

/**
 * Processes the records by each number of threads (1, 2 or 4) in turn. Returns the median rate of each, in
 * records a second, and the rounds in which not each event became one log.
 */
export async function inMemoryByThreads(
  data: DataOptions,
  { threads, rounds }: { threads: readonly number[]; rounds: number },
): Promise<{ rates: Map<number, number>; wrong: string[] }> {
  const unique = new Set([...benchmarkData(data)].map(({ value }) => value)).size;
  const rates = new Map<number, number[]>();
  const wrong: string[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const count of rotated(threads, round)) {
      const { rate, logs } = await inMemory(data, count);
      if (logs !== unique) wrong.push(`in memory, ${count} threads: ${logs} logs of ${unique} events`);
      rates.set(count, [...(rates.get(count) ?? []), rate]);
      console.log(
        `round ${round}  ${count} threads in memory  ${Math.round(rate).toLocaleString('en')} records/s`,
      );
    }
  }
  return { rates: new Map([...rates].map(([count, values]) => [count, median(values)])), wrong };
}

/** Records a second from when all threads have read their records in, and how many logs came of them. */
async function inMemory(data: DataOptions, threads: number): Promise<{ rate: number; logs: number }> {
  const workers = Array.from({ length: threads }, (_, index) => {
    const share: Share = { data, threads, index };
    return new Worker(new URL(import.meta.url), { workerData: share });
  });
  try {
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    const began = performance.now();
    const done = workers.map(async (worker) => {
      const ended = once(worker, 'message') as Promise<[number]>;
      worker.postMessage('go');
      return (await ended)[0];
    });
    const logs = (await Promise.all(done)).reduce((sum, each) => sum + each, 0);
    return { rate: data.records / ((performance.now() - began) / 1_000), logs };
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

if (!isMainThread && parentPort) {
  const port = parentPort;
  const processAll = prepare(workerData as Share);
  port.once('message', () => port.postMessage(processAll()));
  port.postMessage('ready');
}
