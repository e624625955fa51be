// `npm run bench:pipeline`: from the first POST until everything is in MongoDB, on the stack of `npm start`;
// beside it the two services that this pipeline replaces, and what MongoDB alone could do.
import { availableParallelism, loadavg } from 'node:os';
import { resolve } from 'node:path';
import { begin } from '../shared/begin.ts';
import { killChildren } from '../shared/child.ts';
import { medianRatio } from '../shared/figures.ts';
import { median } from '../shared/median.ts';
import { atLeast, atMost, conclude, type Target } from '../shared/outcome.ts';
import { runBare, type BareRun } from './bare.ts';
import { runOldServices, type OldRun } from './old-services.ts';
import { runPipeline, type PipelineRun } from './ours.ts';
import { printPeers, printRun, printSizes } from './print.ts';
import { startStack, type Stack } from './stack.ts';

let running: Stack | undefined;

async function stop(): Promise<void> {
  killChildren();
  await running?.stop();
}

begin(
  `npm run bench:pipeline

From the first POST until every log, window and total is in MongoDB, on the stack of npm start; beside it the two
services that this pipeline replaces, and insertMany alone.

Set by the environment:
  BENCH_EVENTS   how many events; 100000 by default; the old services get a fifth of them
  BENCH_USERS   of how many users; 10000 by default
  BENCH_ROUNDS   how often each candidate is measured; 1 by default
  BENCH_ONLY   ours leaves the peers out
  BENCH_OTHER   root of another checkout of this project, installed: its stack runs in turn with this one, as
    other, and no peers`,
  stop,
);

const count = Number(process.env['BENCH_EVENTS'] ?? 100_000);
const users = Number(process.env['BENCH_USERS'] ?? 10_000);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 1);
const other = process.env['BENCH_OTHER'];
const withPeers = other === undefined && process.env['BENCH_ONLY'] !== 'ours';
/** The root of each candidate's checkout. */
const roots: Record<string, string | undefined> = {
  ours: undefined,
  ...(other !== undefined && { other: resolve(other) }),
};

const runs: Record<string, PipelineRun[]> = {};
const old: OldRun[] = [];
const bare: BareRun[] = [];

async function measure(name: string, root: string | undefined): Promise<void> {
  running = await startStack(root);
  try {
    const run = await runPipeline(running, { count, users });
    printRun(name, run);
    (runs[name] ??= []).push(run);
    if (!withPeers) return;
    old.push(await runOldServices(running, { count: Math.ceil(count / 5), users }));
    bare.push(await runBare(running));
  } finally {
    await running.stop();
    running = undefined;
  }
}

function middle<Run>(all: readonly Run[], figure: (run: Run) => number): number {
  return Math.round(median(all.map(figure)) * 10) / 10;
}

function figuresOf(all: readonly PipelineRun[]): Record<string, unknown> {
  const processes = Object.keys(all[0]?.cpu ?? {}) as (keyof PipelineRun['cpu'])[];
  return {
    'events/s': middle(all, ({ stored }) => stored),
    'logs/s, second half': middle(all, ({ secondHalf }) => secondHalf),
    'CPU µs per event': middle(all, ({ total }) => total),
    cpu: Object.fromEntries(processes.map((name) => [name, middle(all, ({ cpu }) => cpu[name])])),
    'sender µs per event': middle(all, ({ sender }) => sender),
    'Kafka B per event': middle(all, ({ kafka }) => kafka),
    'MongoDB B per event': middle(all, ({ mongodb }) => mongodb),
  };
}

/** The median of the ratios of the runs of the same round. */
function ratioOf(figure: (run: PipelineRun) => number): number {
  const figures = (name: string): number[] => (runs[name] ?? []).map(figure);
  return Math.round(medianRatio(figures('ours'), figures('other')) * 1_000) / 1_000;
}

const wrong: string[] = [];
console.log(
  `${count} events of ${users} users; ${availableParallelism()} processors, Node ${process.versions.node}, ` +
    `load average before ${loadavg()[0]?.toFixed(1)}: what else runs here makes it slower`,
);
for (let round = 1; round <= rounds; round++) {
  for (const [name, root] of Object.entries(roots)) {
    console.log(`round ${round}: ${name}`);
    try {
      await measure(name, root);
    } catch (error) {
      wrong.push(`${name}, round ${round}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
for (const [name, all] of Object.entries(runs)) {
  wrong.push(...all.flatMap((run) => run.wrong.map((line) => `${name}: ${line}`)));
  const last = all.at(-1);
  if (last) {
    console.log(`\n${name}:`);
    printSizes(last, count);
  }
}
wrong.push(...old.flatMap((run) => run.wrong), ...bare.flatMap((run) => run.wrong));

const ours = runs['ours'] ?? [];
const stored = middle(ours, (run) => run.stored);
const targets: Record<string, Target> = {
  'events/s': atLeast(10_000, stored),
  'CPU µs per event': atMost(
    170,
    middle(ours, ({ total }) => total),
  ),
  'Kafka B per event': atMost(
    700,
    middle(ours, ({ kafka }) => kafka),
  ),
  'MongoDB B per event': atMost(
    800,
    middle(ours, ({ mongodb }) => mongodb),
  ),
};
const ratios: Record<string, number> = {};
const figures: Record<string, unknown> = { ours: figuresOf(ours) };
if (other !== undefined) {
  figures['other'] = figuresOf(runs['other'] ?? []);
  ratios['ours/other events/s'] = ratioOf((run) => run.stored);
  ratios['ours/other CPU'] = ratioOf(({ total }) => total);
  ratios['ours/other Kafka bytes'] = ratioOf(({ kafka }) => kafka);
  ratios['ours/other MongoDB bytes'] = ratioOf(({ mongodb }) => mongodb);
  console.table(ratios);
}
const lastOld = old.at(-1);
const lastBare = bare.at(-1);
if (withPeers && lastOld && lastBare) {
  printPeers(lastOld, lastBare);
  const oldStored = middle(old, (run) => run.stored);
  const bareStored = middle(bare, (run) => run.stored);
  figures['old services'] = { 'events/s': oldStored, 'CPU µs per event': middle(old, ({ total }) => total) };
  figures['insertMany'] = { 'documents/s': bareStored, 'mongod µs': middle(bare, ({ mongodb }) => mongodb) };
  ratios['ours/old services'] = Math.round((stored / oldStored) * 10) / 10;
  ratios['ours/insertMany'] = Math.round((stored / bareStored) * 100) / 100;
}
if (withPeers) targets['ours/old services'] = atLeast(20, ratios['ours/old services'] ?? Number.NaN);
process.exit(conclude({ bench: 'pipeline', figures, ratios, targets, wrong }));
