// `npm run bench:activity`: the whole activity topology, as the processor's process runs it, by number of
// threads, in turn on one broker.
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { topicsOf, topicSpecs, topicVariables, type Topics } from '@activity/contracts';
import { startBroker } from '@activity/testbed';
import { begin } from '../shared/begin.ts';
import type { Admin } from 'kafkajs';
import { connect, createTopics, writeInput, wrongIn } from '../processor/kafka.ts';
import { median } from '../shared/median.ts';
import { atLeast, atMost, conclude } from '../shared/outcome.ts';
import { rotated } from '../shared/rotated.ts';
import { rateOf, type Rates } from '../processor/rate.ts';
import { inMemoryByThreads } from './in-memory.ts';

begin(`npm run bench:activity

The whole activity topology, as the processor's process runs it, by number of threads, in turn on one broker.

Set by the environment:
  BENCH_RECORDS   how many records; 200000 by default
  BENCH_ROUNDS   how often each candidate is measured; 3 by default
  BENCH_THREADS   numbers of threads, separated by commas; 1,2 by default`);

const records = Number(process.env['BENCH_RECORDS'] ?? 200_000);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3);
const threads = (process.env['BENCH_THREADS'] ?? '1,2').split(',').map(Number);
const partitions = 4;
const input = 'bench-activity-raw';
const processor = join(import.meta.dirname, '..', '..', '..', 'processor', 'src', 'main.ts');

type TopicNames = Parameters<typeof topicsOf>[0];

/** Every topic but the raw one is a run's own. */
function namesOf(run: string): TopicNames {
  const names = Object.keys(topicVariables).map((name) => [
    name,
    name === 'KAFKA_TOPIC' ? input : `${run}-${name.toLowerCase()}`,
  ]);
  return Object.fromEntries(names) as TopicNames;
}

async function createOutputs(admin: Admin, topics: Topics): Promise<void> {
  const specs = topicSpecs(topics).filter(({ name }) => name !== topics.raw);
  await admin.createTopics({
    topics: specs.map(({ name, config }) => ({
      topic: name,
      numPartitions: partitions,
      replicationFactor: 1,
      configEntries: Object.entries(config).map(([key, value]) => ({ name: key, value })),
    })),
    waitForLeaders: true,
  });
}

/** Runs the processor over the whole input; returns its rates, and its topics. */
async function measure(
  run: string,
  count: number,
  address: string,
  admin: Admin,
): Promise<Rates & { topics: Topics }> {
  const names = namesOf(run);
  const topics = topicsOf(names);
  await createOutputs(admin, topics);
  const stateDir = mkdtempSync(join(tmpdir(), 'bench-activity-'));
  try {
    const measured = await rateOf({
      name: run,
      file: process.execPath,
      args: [processor],
      env: {
        ...names,
        KAFKA_BROKERS: address,
        KAFKA_GROUP_ID: run,
        STATE_DIR: stateDir,
        METRICS_PORT: '0',
        PROCESSOR_THREADS: String(count),
        LOG_LEVEL: 'info',
      },
      running: '"state":"RUNNING"',
      admin,
      group: run,
      input,
      records,
      timeoutMs: 180_000,
    });
    return { ...measured, topics };
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
}

function shown(value: number): string {
  return Math.round(value).toLocaleString('en');
}

const broker = await startBroker({ heapMb: 1024, config: { 'log.segment.bytes': 268_435_456 } });
const kafka = connect(broker.address);
const admin = kafka.admin();
const wrong: string[] = [];
let exitCode = 1;
try {
  await admin.connect();
  await createTopics(admin, [input], partitions);
  console.log(`writing ${records} records; ${availableParallelism()} processors, broker included`);
  const unique = await writeInput(kafka, input, {
    records,
    users: 10_000,
    duplicates: 0.05,
    spanMs: 300_000,
  });
  console.log(`${unique} of them are unique; ${rounds} rounds`);
  // The broker's JVM is cold at first: a run that is not counted.
  await measure('warm-up', threads[0] ?? 1, broker.address, admin);
  const runs = new Map<number, Rates[]>();
  const cpuOfRecord = (count: number): number => median((runs.get(count) ?? []).map(({ cpu }) => cpu));
  for (let round = 1; round <= rounds; round++) {
    for (const count of rotated(threads, round)) {
      const { topics, ...measured } = await measure(
        `threads-${count}-${round}`,
        count,
        broker.address,
        admin,
      );
      runs.set(count, [...(runs.get(count) ?? []), measured]);
      const found = await wrongIn(kafka, {
        enriched: topics.enriched,
        unique,
        totals: [
          // Each event is in a minute, an hour and a day. The minutes of everybody come by another topic,
          // whose rest a processor that is stopped at the end of its input leaves to the next one.
          { topic: topics.counts, sum: 3 * unique },
          { topic: topics.users, sum: unique },
        ],
      });
      wrong.push(...found);
      console.log(
        `round ${round}  ${count} threads  ${shown(measured.whole)} records/s, second half ${shown(measured.steady)}, ` +
          (found.length === 0 ? 'logs, windows and totals are right' : 'WRONG'),
      );
    }
  }
  console.log(
    '\n| threads | median records/s | all | second halves | CPU µs a record |\n|---|---|---|---|---|',
  );
  const figures: Record<string, number> = {};
  for (const [count, measured] of runs) {
    const rates = measured.map(({ whole }) => whole);
    const halves = measured.map(({ steady }) => steady);
    figures[`threads-${count}`] = Math.round(median(rates));
    figures[`threads-${count}, second half`] = Math.round(median(halves));
    console.log(
      `| ${count} | ${shown(median(rates))} | ${rates.map(shown).join(', ')} | ${halves.map(shown).join(', ')} | ${shown(cpuOfRecord(count))} |`,
    );
  }
  const [first = 1, ...others] = threads;
  const ratios = Object.fromEntries(
    others.map((count) => {
      const pairs = (runs.get(count) ?? []).map(
        ({ whole }, index) => whole / (runs.get(first)?.[index]?.whole ?? Number.NaN),
      );
      return [`threads-${count}/threads-${first}`, Math.round(median(pairs) * 100) / 100];
    }),
  );
  // Its log keeps all that is written: fewer records, or the garbage collector has most of the work.
  const some = { records: Math.ceil(records / 10), users: 10_000, duplicates: 0.05, spanMs: 300_000 };
  const alone = await inMemoryByThreads(some, { threads, rounds });
  const targets = Object.fromEntries(
    others.flatMap((count) => {
      const name = `threads-${count}/threads-${first}`;
      const used = cpuOfRecord(count) / cpuOfRecord(first);
      const gained = (alone.rates.get(count) ?? Number.NaN) / (alone.rates.get(first) ?? Number.NaN);
      return [
        [`${name} in memory`, atLeast(0.8 * count, gained)] as const,
        [`${name} CPU a record, with a broker`, atMost(1.15, used)] as const,
      ];
    }),
  );
  wrong.push(...alone.wrong);
  exitCode = conclude({ bench: 'activity', figures, ratios, targets, wrong });
} finally {
  await admin.disconnect();
  await broker.stop();
}
process.exit(exitCode);
