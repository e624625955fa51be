// `npm run bench:freshness`: how long after its POST an event is seen by a GET, while the whole pipeline
// takes 1,000 events a second.
import { begin } from '../shared/begin.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPipeline } from '@activity/local/pipeline/pipeline';
import { freePorts } from '@activity/local/testing/free-ports';
import { timesOf } from '../query/measure.ts';
import type { Times } from '../query/measure.ts';

begin(`npm run bench:freshness

How long after its POST an event is seen by a GET, while the whole pipeline takes 1,000 events a second.

Set by the environment:
  BENCH_RATE   events a second; 1000 by default
  BENCH_SECONDS   how long it is measured, in seconds; 30 by default
  BENCH_WARM_SECONDS   how long it warms up, in seconds; 15 by default`);

const perSecond = Number(process.env['BENCH_RATE'] ?? 1_000);
const seconds = Number(process.env['BENCH_SECONDS'] ?? 30);
const warmSeconds = Number(process.env['BENCH_WARM_SECONDS'] ?? 15);
/**
 * Events that are watched, a second; they are posted one by one. The rest comes in batches of a tenth of it.
 */
const watchedPerSecond = 5;
const users = 10_000;
const pollMs = 20;
/**
 * Later it asks less often, by this part of the time that has passed: else what is slow is asked more, and
 * gets slower.
 */
const pollPart = 0.1;
const headers = { 'content-type': 'application/json' };
const types = ['LOGIN', 'PAGE_VIEW', 'BUTTON_CLICK', 'API_CALL'];

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
function event(): { userId: string; activityType: string; eventId: string; metadata: object } {
  const index = sent++;
  const userId = `user-${Math.floor(Math.random() * users)}`;
  const metadata = { ip: `203.0.113.${index % 250}`, path: `/page/${index % 100}` };
  return { userId, activityType: types[index % types.length] ?? 'LOGIN', eventId: `f-${index}`, metadata };
}

async function postBatch(count: number): Promise<void> {
  const body = JSON.stringify(Array.from({ length: count }, event));
  const response = await fetch(`${edge}/api/logs/batch`, { method: 'POST', headers, body });
  const { accepted } = (await response.json()) as { accepted?: number };
  refused += count - (accepted ?? 0);
}

/**
 * Posts an event and asks for it until it is there; returns the milliseconds from before the POST to the end
 * of the GET.
 */
async function watched(): Promise<number> {
  const one = event();
  const started = performance.now();
  const response = await fetch(`${edge}/api/logs`, { method: 'POST', headers, body: JSON.stringify(one) });
  await response.arrayBuffer();
  if (response.status !== 201) throw new Error(`the edge answered ${response.status}`);
  for (;;) {
    const found = await fetch(`${query}/api/logs/${one.eventId}?userId=${one.userId}`);
    await found.arrayBuffer();
    if (found.status === 200) return performance.now() - started;
    const passed = performance.now() - started;
    if (passed > 30_000) return Infinity;
    await sleep(Math.max(pollMs, pollPart * passed));
  }
}

/** The same by one GET that waits. */
async function awaited(): Promise<number> {
  const one = event();
  const started = performance.now();
  const response = await fetch(`${edge}/api/logs`, { method: 'POST', headers, body: JSON.stringify(one) });
  await response.arrayBuffer();
  const found = await fetch(`${query}/api/logs/${one.eventId}?userId=${one.userId}&wait=10s`);
  await found.arrayBuffer();
  return found.status === 200 ? performance.now() - started : Infinity;
}

async function load(forSeconds: number, watch: (() => Promise<number>) | undefined): Promise<Times> {
  const results: Promise<number>[] = [];
  const work: Promise<void>[] = [];
  const started = performance.now();
  const alone = watch === undefined ? 0 : watchedPerSecond;
  for (let tick = 0; tick < forSeconds * 10; tick++) {
    const early = started + tick * 100 - performance.now();
    if (early > 0) await sleep(early);
    if (watch && tick % (10 / watchedPerSecond) === 0) results.push(watch());
    work.push(postBatch(Math.round((perSecond - alone) / 10)));
  }
  await Promise.all(work);
  return timesOf(await Promise.all(results));
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

try {
  await load(warmSeconds, undefined);
  const before = sent;
  const began = performance.now();
  const polled = await load(seconds, watched);
  const rate = Math.round((sent - before) / ((performance.now() - began) / 1_000));
  const waited = await load(Math.ceil(seconds / 3), awaited);
  const figures = {
    'POST to GET, asked again and again': polled,
    'POST to GET, with ?wait=': waited,
    'GET /api/events/:id/trace, afterwards': await answersOf('/api/events/f-1/trace?userId=nobody'),
    'GET /api/pipeline, afterwards': await answersOf('/api/pipeline'),
  };
  console.table(figures);
  console.log(`${rate} events/s offered, ${refused} of ${sent} not accepted`);
  const targets = {
    'p50 ms': { want: 300, got: polled.p50, met: polled.p50 <= 300 },
    'p99 ms': { want: 1_000, got: polled.p99, met: polled.p99 <= 1_000 },
    'not accepted': { want: 0, got: refused, met: refused === 0 },
  };
  console.log(
    JSON.stringify({ bench: 'freshness', figures: { ...figures, 'events/s': rate }, ratios: {}, targets }),
  );
} finally {
  await pipeline.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
process.exit();
