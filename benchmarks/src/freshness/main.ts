// `npm run bench:freshness`: how long after its POST an event is seen by a GET, while the whole pipeline
// takes 1,000 events a second.
import { begin } from '../shared/begin.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPipeline } from '@activity/local/pipeline/pipeline';
import { freePorts } from '@activity/local/testing/free-ports';
import { activityOf } from '../shared/activity.ts';
import { atLeast, atMost, conclude } from '../shared/outcome.ts';
import { timesOf } from '../query/measure.ts';
import { post, watchedPerSecond, watchTurn, type Watched } from './watch.ts';
import type { Times } from '../query/measure.ts';

begin(`npm run bench:freshness

How long after its POST an event is seen by a GET, while the whole pipeline takes 1,000 events a second.

Set by the environment:
  BENCH_RATE   events a second; 1000 by default
  BENCH_SECONDS   how long it is measured, in seconds; 60 by default: 6,000 events are watched
  BENCH_WARM_SECONDS   how long it warms up, in seconds; 15 by default`);

const perSecond = Number(process.env['BENCH_RATE'] ?? 1_000);
const seconds = Number(process.env['BENCH_SECONDS'] ?? 60);
const warmSeconds = Number(process.env['BENCH_WARM_SECONDS'] ?? 15);
/** A turn of watched events begins this often, in ticks of a tenth of a second. */
const ticksPerTurn = 5;
const users = 10_000;
const headers = { 'content-type': 'application/json' };
const dataDir = mkdtempSync(join(tmpdir(), 'bench-freshness-'));
const ports = await freePorts();
const pipeline = await startPipeline({
  ports,
  dataDir,
  report: (part, line) => console.log(`${part}: ${line}`),
  failed: (problem) => console.error(problem),
  signal: new AbortController().signal,
});
const edge = `http://127.0.0.1:${ports.ingest}`;
const query = `http://127.0.0.1:${ports.query}`;

let sent = 0;
let refused = 0;
function event(): Watched {
  const index = sent++;
  const { userId, activityType, metadata } = activityOf(index, users);
  return { userId, activityType, metadata, eventId: `f-${index}` };
}

async function postBatch(count: number): Promise<void> {
  const body = JSON.stringify(Array.from({ length: count }, event));
  const response = await fetch(`${edge}/api/logs/batch`, { method: 'POST', headers, body });
  const { accepted } = (await response.json()) as { accepted?: number };
  refused += count - (accepted ?? 0);
}

/** One event, from before its POST to the end of one GET that waits for it. */
async function awaited(): Promise<number> {
  const one = event();
  const started = performance.now();
  await post(edge, one);
  const found = await fetch(`${query}/api/logs/${one.eventId}?userId=${one.userId}&wait=10s`);
  await found.arrayBuffer();
  return found.status === 200 ? performance.now() - started : Infinity;
}

/**
 * Keeps the rate for `forSeconds`; `watch` begins twice a second, and posts `watchedOnes` events a second.
 * Returns what it found, and how many seconds passed until all was posted.
 */
async function load<Result>(
  forSeconds: number,
  watchedOnes: number,
  watch: (turn: number) => Promise<Result>,
): Promise<{ results: Result[]; passed: number }> {
  const results: Promise<Result>[] = [];
  const work: Promise<void>[] = [];
  const started = performance.now();
  for (let tick = 0; tick < forSeconds * 10; tick++) {
    const early = started + tick * 100 - performance.now();
    if (early > 0) await sleep(early);
    if (tick % ticksPerTurn === 0) results.push(watch(tick / ticksPerTurn));
    work.push(postBatch(Math.round((perSecond - watchedOnes) / 10)));
    // One that fails is thrown below, where the pipeline is stopped, and does not end the process here.
    for (const one of [results.at(-1), work.at(-1)]) one?.catch(() => undefined);
  }
  await Promise.all(work);
  const passed = (performance.now() - started) / 1_000;
  return { results: await Promise.all(results), passed };
}

async function answersOf(path: string): Promise<Times> {
  const times: number[] = [];
  for (let index = 0; index < 50; index++) {
    const started = performance.now();
    const response = await fetch(`${query}${path}`);
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`${path} answered ${response.status}`);
    times.push(performance.now() - started);
  }
  return timesOf(times);
}

let exitCode = 1;
try {
  await load(warmSeconds, 0, () => Promise.resolve());
  const before = sent;
  const usage = process.cpuUsage();
  const { results: turns, passed } = await load(seconds, watchedPerSecond, (turn) =>
    watchTurn({ edge, query }, `watched-${turn}`, event),
  );
  const rate = Math.round((sent - before) / passed);
  const { user, system } = process.cpuUsage(usage);
  const { results: waited } = await load(Math.ceil(seconds / 3), 10 / ticksPerTurn, awaited);
  const logs = timesOf(turns.flatMap((turn) => turn.logs));
  const windows = timesOf(turns.flatMap((turn) => turn.windows));
  const totals = timesOf(turns.flatMap((turn) => turn.totals));
  const figures = {
    'POST to GET: logs': logs,
    'POST to GET: windows of its user': windows,
    'POST to GET: totals of its user': totals,
    'POST to GET, with ?wait=': timesOf(waited),
    'GET /api/events/:id/trace, afterwards': await answersOf('/api/events/f-1/trace?userId=nobody'),
    'GET /api/pipeline, afterwards': await answersOf('/api/pipeline'),
  };
  console.table(figures);
  const share = Math.round((user + system) / passed / 10_000);
  console.log(`${rate} events/s offered by ${share} % of a processor, ${refused} of ${sent} not accepted`);
  const never = [logs, windows, totals].filter(({ max }) => max === Infinity).length;
  exitCode = conclude({
    bench: 'freshness',
    figures: { ...figures, 'events/s': rate },
    ratios: {},
    targets: {
      'logs p50 ms': atMost(130, logs.p50),
      'logs p99 ms': atMost(400, logs.p99),
      'windows p99 ms': atMost(1_500, windows.p99),
      'totals p99 ms': atMost(1_500, totals.p99),
      'not accepted': atMost(0, refused),
      'offered events/s': atLeast(0.95 * perSecond, rate),
      samples: atLeast(Math.min(5_000, seconds * watchedPerSecond), logs.count),
    },
    wrong: never === 0 ? [] : ['events were accepted and never came to be seen'],
  });
} finally {
  await pipeline.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
process.exit(exitCode);
