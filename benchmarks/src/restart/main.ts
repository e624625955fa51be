// `npm run bench:restart`: how soon a processor with a million keys works again after a SIGKILL under load,
// from its local state and from its changelog alone.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBroker } from '@activity/testbed';
import { begin } from '../shared/begin.ts';
import { killChildren } from '../shared/child.ts';
import { shown } from '../shared/figures.ts';
import { median } from '../shared/median.ts';
import { atLeast, atMost, conclude, type Target } from '../shared/outcome.ts';
import { rotated } from '../shared/rotated.ts';
import { connect, createTopics, offsetsIn } from '../processor/kafka.ts';
import { topicsOf } from './application.ts';
import type { Kind } from './job.ts';
import { fill, restartUnderLoad, type Bench, type Candidate, type Round } from './round.ts';
import { Witness } from './witness.ts';

begin(
  `npm run bench:restart

How soon a processor with a million keys works again after a SIGKILL under load, from its local state and from its changelog alone.

Set by the environment:
  BENCH_KEYS   how many keys; 1000000 by default
  BENCH_RATE   records a second of the load; 10000 by default
  BENCH_SECONDS   how long the load is on before the kill, and after the lag is small again, in seconds; 5 by default
  BENCH_ROUNDS   how often each candidate is measured; 3 by default`,
  async () => killChildren(),
);

const keys = Number(process.env['BENCH_KEYS'] ?? 1_000_000);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3);
const perSecond = Number(process.env['BENCH_RATE'] ?? 10_000);
const steadyMs = Number(process.env['BENCH_SECONDS'] ?? 5) * 1_000;
const kinds: readonly Kind[] = ['counts', 'ids'];
const candidates: readonly Candidate[] = kinds.flatMap((kind) => [
  { kind, from: 'local' as const },
  { kind, from: 'changelog' as const },
]);
/** What the load and the steady state must be of the rate that is asked for. */
const leastLoad = 0.95;
/** What is committed before the kill must be of the same: otherwise the lag before it is no measure. */
const leastBefore = 0.9;

function nameOf({ kind, from }: Candidate): string {
  return `${kind}, ${from}`;
}

const broker = await startBroker({ heapMb: 1024 });
const kafka = connect(broker.address);
const admin = kafka.admin();
const witness = new Witness(kafka, kinds);
const folder = mkdtempSync(join(tmpdir(), 'bench-restart-'));
const stateDirs = { counts: join(folder, 'counts'), ids: join(folder, 'ids') };
const bench: Bench = { admin, broker: broker.address, keys, perSecond, steadyMs, stateDirs };
const wrong: string[] = [];

/** Checks that the topic has what was written, and the output what must come of it. */
async function check(name: string, kind: Kind, written: number): Promise<string[]> {
  const records = await offsetsIn(admin, topicsOf(kind).input);
  const found = [
    ...(records === written ? [] : [`the input has ${records} records instead of ${written}`]),
    ...(await witness.wrongIn(kind, written, keys)),
  ];
  wrong.push(...found.map((line) => `${name}: ${line}`));
  return found;
}

function describeRound({ restart, load, restoredPerSecond: restored }: Round): string {
  const { commitMs, commitAfterKillMs, caughtUpMs, mostLag } = restart;
  return [
    `commits ${shown(commitMs)} ms after it began, ${shown(commitAfterKillMs)} ms after the kill`,
    ...(Number.isNaN(restored) ? [] : [`restored ${shown(restored)} records/s`]),
    `caught up ${shown(caughtUpMs)} ms after the kill, lag at most ${shown(mostLag)}`,
    `records/s: ${shown(restart.catchUpPerSecond)} catching up, ${shown(restart.steadyPerSecond)} then, ` +
      `${shown(restart.wholePerSecond)} from the kill on, ${shown(restart.beforePerSecond)} before`,
    `load ${shown(load.perSecond)} records/s by ${shown(load.generator * 100)} % of a processor`,
  ].join('; ');
}

let exitCode = 1;
try {
  await admin.connect();
  const topics = kinds.flatMap((kind) => Object.values(topicsOf(kind)));
  await createTopics(admin, topics, 4);
  await witness.open();
  for (const kind of kinds) {
    const { perSecond: filled } = await fill(bench, kind);
    console.log(`${kind}: wrote ${shown(keys)} keys, ${shown(filled)} records/s`);
    await check(`${kind}, at first`, kind, keys);
  }
  console.log(`${rounds} rounds; load ${shown(perSecond)} records/s, each tenth of them a copy`);
  const runs = new Map<string, Round[]>(candidates.map((candidate) => [nameOf(candidate), []]));
  for (let round = 1; round <= rounds; round++) {
    for (const candidate of rotated(candidates, round)) {
      const name = nameOf(candidate);
      const measured = await restartUnderLoad(bench, candidate);
      runs.get(name)?.push(measured);
      const { next, perSecond: offered } = measured.load;
      const { beforePerSecond: before } = measured.restart;
      if (!(offered >= leastLoad * perSecond))
        wrong.push(`${name}: the load was ${shown(offered)} records/s`);
      if (!(before >= leastBefore * perSecond))
        wrong.push(`${name}: before the kill, ${shown(before)} records/s were committed`);
      const found = await check(name, candidate.kind, next);
      const verdict = found.length === 0 ? 'nothing is lost or double' : 'WRONG';
      console.log(`round ${round}  ${name}: ${describeRound(measured)}; ${verdict}`);
    }
  }

  const figures: Record<string, Record<string, number>> = {};
  const targets: Record<string, Target> = {};
  for (const candidate of candidates) {
    const name = nameOf(candidate);
    const all = runs.get(name) ?? [];
    const middle = (of: (round: Round) => number): number => Math.round(median(all.map(of)));
    const figure = {
      'ms to commit': middle(({ restart }) => restart.commitMs),
      'ms to commit, from the kill': middle(({ restart }) => restart.commitAfterKillMs),
      'ms to catch up, from the kill': middle(({ restart }) => restart.caughtUpMs),
      'most lag': middle(({ restart }) => restart.mostLag),
      'catching up/s': middle(({ restart }) => restart.catchUpPerSecond),
      'steady/s': middle(({ restart }) => restart.steadyPerSecond),
      'from the kill on/s': middle(({ restart }) => restart.wholePerSecond),
      ...(candidate.from === 'changelog' && {
        'restored/s': middle((round) => round.restoredPerSecond),
      }),
    };
    figures[name] = figure;
    if (candidate.from === 'local') targets[`${name}: ms to commit`] = atMost(2_000, figure['ms to commit']);
    else targets[`${name}: restored/s`] = atLeast(200_000, figure['restored/s'] ?? Number.NaN);
    targets[`${name}: steady/load`] = atLeast(leastLoad, figure['steady/s'] / perSecond);
  }
  console.table(figures);
  exitCode = conclude({ bench: 'restart', figures, ratios: {}, targets, wrong });
} finally {
  await Promise.allSettled([admin.disconnect(), witness.close()]);
  killChildren();
  await broker.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(exitCode);
