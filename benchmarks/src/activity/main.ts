// `npm run bench:activity`: the whole activity topology, as the processor's process runs it, by number of
// threads and beside a bare loop, in turn: on one broker, and on a log in memory.
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { startBroker } from '@activity/testbed';
import { begin } from '../shared/begin.ts';
import { connect, createTopics, writeInput, wrongIn } from '../processor/kafka.ts';
import type { Rates } from '../processor/rate.ts';
import { medianRatio, shown } from '../shared/figures.ts';
import { median } from '../shared/median.ts';
import { atLeast, atMost, conclude } from '../shared/outcome.ts';
import { rotated } from '../shared/rotated.ts';
import { inMemoryRates, type InMemory } from './in-memory.ts';
import { measure, type Runs } from './run.ts';

begin(`npm run bench:activity

The whole activity topology, as the processor's process runs it, by number of threads and beside a bare loop,
in turn: on one broker, and on a log in memory.

Set by the environment:
  BENCH_RECORDS   how many records; 200000 by default
  BENCH_ROUNDS   how often each candidate is measured; 3 by default
  BENCH_THREADS   numbers of threads (1, 2 or 4), separated by commas; 1,2 by default
  BENCH_OTHER   root of another checkout of this project, installed: its processor runs beside this one, with
    the first number of threads, as other, on the broker only`);

const records = Number(process.env['BENCH_RECORDS'] ?? 200_000);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3);
const threads = (process.env['BENCH_THREADS'] ?? '1,2').split(',').map(Number);
const other = process.env['BENCH_OTHER'];
const partitions = 4;
const input = 'bench-activity-raw';
const floor = 'floor';
const candidates: readonly InMemory[] = [
  ...threads.map((count) => ({ name: nameOf(count), engine: 'topology' as const, threads: count })),
  { name: floor, engine: 'floor' },
];
/** What runs on the broker. */
const onBroker: readonly (InMemory & { root?: string })[] = [
  ...candidates,
  ...(other === undefined
    ? []
    : [{ name: 'other', engine: 'topology' as const, threads: threads[0] ?? 1, root: resolve(other) }]),
];

function nameOf(count: number): string {
  return `threads-${count}`;
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
  const data = { records, users: 10_000, duplicates: 0.05, spanMs: 300_000 };
  const unique = await writeInput(kafka, input, data);
  console.log(`${unique} of them are unique; ${rounds} rounds`);
  const runs: Runs = { address: broker.address, admin, input, partitions, records };
  // The broker's JVM is cold at first: a run that is not counted.
  for (const candidate of candidates.slice(0, 1)) await measure(runs, 'warm-up', candidate);
  const beside = new Map<string, Rates[]>(onBroker.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const candidate of rotated(onBroker, round)) {
      const { name, root } = candidate;
      const { topics, ...measured } = await measure(runs, `${name}-${round}`, candidate, root);
      beside.get(name)?.push(measured);
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
        `round ${round}  ${name}  ${shown(measured.whole)} records/s, second half ${shown(measured.steady)}, ` +
          `${shown(measured.cpu)} µs of CPU a record, ` +
          (found.length === 0 ? 'logs, windows and totals are right' : 'WRONG'),
      );
    }
  }
  // Its log keeps all that is written: fewer records, or the garbage collector has most of the work.
  const some = { ...data, records: Math.ceil(records / 10) };
  const alone = await inMemoryRates(some, { candidates, rounds });
  wrong.push(...alone.wrong);

  /** The median of a figure over the rounds. */
  function middle<Of extends 'whole' | 'steady' | 'cpu'>(
    of: ReadonlyMap<string, readonly Record<Of, number>[]>,
    name: string,
    figure: Of,
  ): number {
    return median((of.get(name) ?? []).map((one) => one[figure]));
  }
  /** The median of the ratios of two candidates in the same round. */
  function ratio(
    of: ReadonlyMap<string, readonly { whole: number; steady: number }[]>,
    figure: 'whole' | 'steady',
    [name, to]: readonly [string, string],
  ): number {
    const figures = (candidate: string): number[] => (of.get(candidate) ?? []).map((one) => one[figure]);
    return Math.round(medianRatio(figures(name), figures(to)) * 100) / 100;
  }

  const figures: Record<string, Record<string, number>> = {};
  for (const { name } of candidates) {
    figures[name] = {
      'with a broker/s': Math.round(middle(beside, name, 'whole')),
      'with a broker/s, second half': Math.round(middle(beside, name, 'steady')),
      'CPU µs a record': Math.round(middle(beside, name, 'cpu') * 10) / 10,
      'in memory/s': Math.round(middle(alone.rates, name, 'whole')),
      'in memory/s, second half': Math.round(middle(alone.rates, name, 'steady')),
    };
  }
  console.table(figures);
  const [first = 1, ...others] = threads;
  const ratios: Record<string, number> = {};
  const pairs: [string, string][] = [
    ...others.map((count): [string, string] => [nameOf(count), nameOf(first)]),
    [nameOf(first), floor],
  ];
  for (const pair of pairs) {
    const name = pair.join('/');
    ratios[`${name} with a broker`] = ratio(beside, 'whole', pair);
    ratios[`${name} with a broker, second half`] = ratio(beside, 'steady', pair);
    ratios[`${name} in memory`] = ratio(alone.rates, 'whole', pair);
    ratios[`${name} in memory, second half`] = ratio(alone.rates, 'steady', pair);
  }
  const targets = Object.fromEntries(
    others.flatMap((count) => {
      const name = `${nameOf(count)}/${nameOf(first)}`;
      const used = middle(beside, nameOf(count), 'cpu') / middle(beside, nameOf(first), 'cpu');
      return [
        [`${name} in memory`, atLeast(0.8 * count, ratios[`${name} in memory`] ?? Number.NaN)] as const,
        [`${name} CPU a record, with a broker`, atMost(1.15, used)] as const,
      ];
    }),
  );
  if (other !== undefined) {
    ratios[`${nameOf(first)}/other`] = ratio(beside, 'whole', [nameOf(first), 'other']);
    targets[`${nameOf(first)}/other`] = atLeast(0.95, ratios[`${nameOf(first)}/other`] ?? Number.NaN);
  }
  exitCode = conclude({ bench: 'activity', figures, ratios, targets, wrong });
} finally {
  await admin.disconnect();
  await broker.stop();
}
process.exit(exitCode);
