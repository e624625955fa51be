// `npm run bench:joins`: a stream–table join and a stream–stream join on packages/streams and on Kafka
// Streams, in turn on one broker.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBroker } from '@activity/testbed';
import { connect } from '../processor/kafka.ts';
import { TooSlowError } from '../processor/rate.ts';
import { begin } from '../shared/begin.ts';
import { killChildren } from '../shared/child.ts';
import { medianRatio, shown } from '../shared/figures.ts';
import { median } from '../shared/median.ts';
import { atLeast, conclude, type Target } from '../shared/outcome.ts';
import { rotated } from '../shared/rotated.ts';
import { besides, javaCandidates, ours, oursOf, type Candidate } from './candidates.ts';
import type { Kind } from './data.ts';
import { Measurer, type Input, type Measured } from './measurer.ts';
import { countOf } from './witness.ts';

begin(
  `npm run bench:joins

A stream–table join and a stream–stream join on packages/streams and on Kafka Streams, exactly once, in turn
on one broker. First every way to run them on Kafka Streams is measured once; then the two best and ours take turns.

Set by the environment:
  BENCH_KINDS   stream-table, stream-stream or both, separated by commas; both by default
  BENCH_RECORDS   how many records the last rounds have; 1000000 by default
  BENCH_QUALIFY   how many records the first runs have; 200000 by default
  BENCH_ROUNDS   how often each candidate of the last rounds is measured; 3 by default
  BENCH_ONLY   names of candidates, separated by commas: there are no first runs, and these alone take turns
  BENCH_PROFILE   a folder: our processes write their CPU profiles there
  BENCH_OTHER   root of another checkout of this project, installed; its joins take turns too, as ours-other`,
  async () => killChildren(),
);

const kinds = (process.env['BENCH_KINDS'] ?? 'stream-table,stream-stream').split(',') as Kind[];
const records = Number(process.env['BENCH_RECORDS'] ?? 1_000_000);
const qualifying = Number(process.env['BENCH_QUALIFY'] ?? 200_000);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3);
const only = process.env['BENCH_ONLY']?.split(',');
const other = process.env['BENCH_OTHER'];
const own = [ours, ...(other === undefined ? [] : [oursOf(other)])];
const nameWidth = 48;

const wrong: string[] = [];
const figures: Record<string, number> = {};
const ratios: Record<string, number> = {};
const targets: Record<string, Target> = {};

async function run(measurer: Measurer, candidate: Candidate, input: Input, round: string): Promise<Measured> {
  const name = `${input.kind}-${candidate.name}-${round}`;
  const measured = await measurer.measure(candidate, input, name);
  wrong.push(...measured.wrong);
  const { whole, steady, cpu } = measured;
  console.log(
    `${name.padEnd(nameWidth)} ${shown(whole)} records/s, second half ${shown(steady)}, CPU ${shown(cpu)} µs a record; ` +
      (measured.wrong.length === 0 ? 'results are right' : 'WRONG'),
  );
  return measured;
}

/** Runs every way of Kafka Streams once, and other ways to run ours; returns the two best of the first. */
async function qualify(measurer: Measurer, kind: Kind, ways: readonly Candidate[]): Promise<Candidate[]> {
  const input = await measurer.write(kind, `${kind}-first`, qualifying);
  const rates = new Map<Candidate, number>();
  for (const candidate of [ours, ...besides, ...ways])
    try {
      const { whole } = await run(measurer, candidate, input, 'first');
      rates.set(candidate, whole);
      figures[`${kind}, ${candidate.name}, first run`] = Math.round(whole);
    } catch (error) {
      // One that is this slow is not among the best.
      if (!(error instanceof TooSlowError) || candidate === ours) throw error;
      console.log(`${candidate.name.padEnd(nameWidth)} gave up: ${error.message}`);
    }
  return ways.toSorted((a, b) => (rates.get(b) ?? 0) - (rates.get(a) ?? 0)).slice(0, 2);
}

/** Lets candidates take turns over an input. */
async function takeTurns(
  measurer: Measurer,
  input: Input,
  candidates: readonly Candidate[],
): Promise<Map<string, Measured[]>> {
  const runs = new Map<string, Measured[]>(candidates.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round++)
    for (const candidate of rotated(candidates, round))
      runs.get(candidate.name)?.push(await run(measurer, candidate, input, String(round)));
  return runs;
}

function summarize(kind: Kind, runs: ReadonlyMap<string, readonly Measured[]>): void {
  console.log(
    `\n| ${kind} | median records/s | all | second halves | CPU µs a record |\n|---|---|---|---|---|`,
  );
  const ratesOf = (name: string): number[] => (runs.get(name) ?? []).map(({ whole }) => whole);
  for (const [name, measured] of runs) {
    const rates = ratesOf(name);
    const halves = measured.map(({ steady }) => steady);
    const cpu = median(measured.map((one) => one.cpu));
    figures[`${kind}, ${name}`] = Math.round(median(rates));
    figures[`${kind}, ${name}, second half`] = Math.round(median(halves));
    console.log(
      `| ${name} | ${shown(median(rates))} | ${rates.map(shown).join(', ')} | ${halves.map(shown).join(', ')} | ${cpu.toFixed(1)} |`,
    );
    if (name === ours.name || !runs.has(ours.name)) continue;
    const ratio = medianRatio(ratesOf(ours.name), rates);
    const pair = `${kind}, ours/${name}`;
    ratios[pair] = Math.round(ratio * 100) / 100;
    if (name.startsWith('java-')) targets[pair] = atLeast(3, ratio);
    if (name === 'ours-other') targets[pair] = atLeast(0.95, ratio);
  }
  console.log('');
}

const everyJava = javaCandidates(join(import.meta.dirname, '../../../.cache'));
const known = [...own, ...besides, ...everyJava];
const unknown = only?.filter((name) => known.every((candidate) => candidate.name !== name)) ?? [];
if (unknown.length > 0)
  throw new Error(
    `BENCH_ONLY names ${unknown.join(', ')}; there are ${known.map(({ name }) => name).join(', ')}`,
  );
const dataDir = mkdtempSync(join(tmpdir(), 'bench-joins-'));
const broker = await startBroker({ dataDir, heapMb: 1024, config: { 'log.segment.bytes': 268_435_456 } });
const kafka = connect(broker.address);
const admin = kafka.admin();
let exitCode = 1;
try {
  await admin.connect();
  const measurer = new Measurer(kafka, admin, broker.address);
  for (const kind of kinds) {
    const chosen = known.filter(({ name }) => only?.includes(name));
    const last = only ? chosen : [...own, ...(await qualify(measurer, kind, everyJava))];
    const input = await measurer.write(kind, kind, records);
    console.log(
      `${kind}: ${shown(records)} records, of which ${shown(countOf(input.sums))} results must come`,
    );
    // The broker's JVM is cold at first: a run that is not counted.
    if (only && last[0]) await measurer.measure(last[0], input, `${kind}-warm-up`);
    summarize(kind, await takeTurns(measurer, input, last));
  }
  exitCode = conclude({ bench: 'joins', figures, ratios, targets, wrong });
} finally {
  await admin.disconnect();
  await broker.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
process.exit(exitCode);
