// `npm run bench:processor`: the same job on packages/streams and on Kafka Streams, in turn on one broker.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBroker } from '@activity/testbed';
import { begin } from '../shared/begin.ts';
import { medianRatio, shown } from '../shared/figures.ts';
import { median } from '../shared/median.ts';
import { atLeast, conclude, type Target } from '../shared/outcome.ts';
import { rotated } from '../shared/rotated.ts';
import { besides, javaCandidates, ours, oursOf, prepareJava, type Candidate } from './candidates.ts';
import { connect } from './kafka.ts';
import { Measurer, type Input, type Measured } from './measurer.ts';
import { TooSlowError } from './rate.ts';

begin(`npm run bench:processor

The same job on packages/streams and on Kafka Streams, in turn on one broker. First every way to run it on
Kafka Streams is measured once; then the two best of them and ours take turns. At most 40 minutes.

Set by the environment:
  BENCH_RECORDS   how many records the last rounds have; 3000000 by default
  BENCH_QUALIFY   how many records the first runs have; 300000 by default
  BENCH_ROUNDS   how often each candidate of the last rounds is measured; 3 by default
  BENCH_ONLY   names of candidates, separated by commas: there are no first runs, and these alone take turns
  BENCH_OTHER   root of another checkout of this project, installed; its job takes turns too, as ours-other`);

const records = Number(process.env['BENCH_RECORDS'] ?? 3_000_000);
const qualifying = Number(process.env['BENCH_QUALIFY'] ?? 300_000);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3);
const only = process.env['BENCH_ONLY']?.split(',');
const other = process.env['BENCH_OTHER'];
const maxMs = 40 * 60_000;
const nameWidth = 52;
const wrong: string[] = [];

async function run(measurer: Measurer, candidate: Candidate, input: Input, name: string): Promise<Measured> {
  const measured = await measurer.measure(candidate, input, name);
  wrong.push(...measured.wrong);
  const { whole, steady, cpu, bytes, offsets } = measured;
  const result = measured.wrong.length === 0 ? 'logs and counts are right' : 'WRONG';
  console.log(
    `${name.padEnd(nameWidth)} ${shown(whole)} records/s, second half ${shown(steady)}, CPU ${shown(cpu)} µs a record, ` +
      `wrote ${(offsets / input.records).toFixed(2)} records and ${shown(bytes / input.records)} B a record; ${result}`,
  );
  return measured;
}

/** Runs every way of Kafka Streams once, and what else is worth a figure; returns the two best ways. */
async function qualify(
  measurer: Measurer,
  ways: readonly Candidate[],
): Promise<{ best: Candidate[]; rates: Map<string, number> }> {
  const input = await measurer.write('bench-qualify', qualifying);
  const rates = new Map<string, number>();
  for (const candidate of [ours, ...besides, ...ways]) {
    const name = `${candidate.name}-first`;
    try {
      rates.set(candidate.name, (await run(measurer, candidate, input, name)).whole);
    } catch (error) {
      // One that is this slow is not among the best.
      if (!(error instanceof TooSlowError) || candidate === ours) throw error;
      console.log(`${name.padEnd(nameWidth)} gave up: ${error.message}`);
    }
  }
  const best = ways.toSorted((a, b) => (rates.get(b.name) ?? 0) - (rates.get(a.name) ?? 0)).slice(0, 2);
  return { best, rates };
}

const began = performance.now();
const everyJava = javaCandidates(prepareJava(join(import.meta.dirname, '../../../.cache')));
const dataDir = mkdtempSync(join(tmpdir(), 'bench-processor-'));
const broker = await startBroker({ dataDir, heapMb: 1024, config: { 'log.segment.bytes': 268_435_456 } });
const kafka = connect(broker.address);
const admin = kafka.admin();
let exitCode = 1;
try {
  await admin.connect();
  const measurer = new Measurer({ kafka, admin, address: broker.address, dataDir });
  const own = [ours, ...(other === undefined ? [] : [oursOf(other)])];
  const known = [...own, ...besides, ...everyJava];
  const unknown = only?.filter((name) => known.every((candidate) => candidate.name !== name)) ?? [];
  if (unknown.length > 0)
    throw new Error(
      `BENCH_ONLY names ${unknown.join(', ')}; there are ${known.map(({ name }) => name).join(', ')}`,
    );
  const first = only ? undefined : await qualify(measurer, everyJava);
  const last = first ? [...own, ...first.best] : known.filter(({ name }) => only?.includes(name));
  const input = await measurer.write('bench-input', records);
  console.log(`${shown(records)} records, ${shown(input.unique)} of them unique; ${rounds} rounds`);
  // The broker's JVM is cold at first: a run that is not counted, so that nobody pays for being the first.
  if (!first && last[0]) await measurer.measure(last[0], input, `${last[0].name}-warm-up`);
  const runs = new Map<string, Measured[]>();
  let longestMs = 0;
  for (let round = 1; round <= rounds; round++) {
    const at = performance.now();
    if (at - began + longestMs > maxMs) {
      console.log(`no round ${round}: it would end after ${maxMs / 60_000} minutes`);
      break;
    }
    for (const candidate of rotated(last, round)) {
      const measured = await run(measurer, candidate, input, `${candidate.name}-${round}`);
      runs.set(candidate.name, [...(runs.get(candidate.name) ?? []), measured]);
    }
    longestMs = Math.max(longestMs, performance.now() - at);
  }
  console.log(
    '\n| candidate | median records/s | all | second halves | CPU µs a record |\n|---|---|---|---|---|',
  );
  const figures: Record<string, number> = {};
  for (const [name, measured] of runs) {
    const rates = measured.map(({ whole }) => whole);
    const halves = measured.map(({ steady }) => steady);
    figures[name] = Math.round(median(rates));
    figures[`${name}, second half`] = Math.round(median(halves));
    const cpu = median(measured.map((one) => one.cpu)).toFixed(1);
    console.log(
      `| ${name} | ${shown(median(rates))} | ${rates.map(shown).join(', ')} | ${halves.map(shown).join(', ')} | ${cpu} |`,
    );
  }
  const ratesOf = (name: string): number[] => (runs.get(name) ?? []).map(({ whole }) => whole);
  const targets: Record<string, Target> = {};
  const ratios: Record<string, number> = {};
  for (const name of runs.keys())
    if (name !== ours.name && runs.has(ours.name)) {
      const pair = `ours/${name}`;
      const ratio = medianRatio(ratesOf(ours.name), ratesOf(name));
      ratios[pair] = Math.round(ratio * 100) / 100;
      if (name.startsWith('java-')) targets[pair] = atLeast(3, ratio);
      if (name === 'ours-other') targets[pair] = atLeast(0.95, ratio);
    }
  if (first) {
    const gained = (first.rates.get('ours') ?? Number.NaN) / (first.rates.get('naive-send') ?? Number.NaN);
    targets['ours/naive-send, first runs'] = atLeast(1, gained);
    for (const [name, rate] of first.rates) figures[`${name}, first run`] = Math.round(rate);
  }
  exitCode = conclude({ bench: 'processor', figures, ratios, targets, wrong });
} finally {
  await admin.disconnect();
  await broker.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
process.exit(exitCode);
