// The load of the edge benchmark: `connections` connections, each with one request in flight, over bare
// sockets, so that the generator costs little beside what it measures. Run as a process of its own; prints
// one line of JSON.
import { setTimeout as sleep } from 'node:timers/promises';
import { activityOf } from '../shared/activity.ts';
import { Connection, postOf, type Answer } from '../shared/connection.ts';

/** What one run does. */
export interface LoadOptions {
  port: number;
  path: string;
  headers: Record<string, string>;
  connections: number;
  warmupMs: number;
  measureMs: number;
  /** Events in a request: 1 for a single event, more for a batch. */
  events: number;
  expect: number;
}

/** What one run found. Latencies in milliseconds. */
export interface LoadResult {
  requests: number;
  /** After the warm-up: the steady state. */
  requestsPerSecond: number;
  /** From the first request on, the warm-up included. */
  wholePerSecond: number;
  p50: number;
  p99: number;
  max: number;
  /** Answers of another status, or batches of which not every event was accepted. */
  unexpected: number;
  /** Events that were acknowledged in the whole run, before and after what is measured too. */
  accepted: number;
  /** The share of one processor that the generator itself took. */
  generator: number;
}

const users = 10_000;

/** Without an event id: the edge makes one, as the same requests are sent again and again. */
function event(number: number): object {
  const { userId, activityType, metadata } = activityOf(number, users);
  return { userId, activityType, metadata };
}

function requests({ path, headers, events, port }: LoadOptions): Buffer[] {
  return Array.from({ length: events === 1 ? 1_000 : 20 }, (_, index) => {
    const body =
      events === 1
        ? event(index)
        : Array.from({ length: events }, (__, number) => event(index * events + number));
    return postOf(port, path, JSON.stringify(body), headers);
  });
}

/** How many events of a request were accepted, as its answer says. */
function acceptedOf({ events, expect }: LoadOptions, { status, body }: Answer): number {
  if (status !== expect) return 0;
  if (events === 1) return 1;
  return Number(/"accepted": ?(\d+)/.exec(body.toString('latin1', 0, 200))?.[1] ?? 0);
}

async function run(options: LoadOptions): Promise<LoadResult> {
  const prepared = requests(options);
  const latencies: number[] = [];
  let [unexpected, accepted, next, answered] = [0, 0, 0, 0];
  const phase = { measured: false, over: false };

  async function client(): Promise<void> {
    const connection = new Connection(options.port);
    // What is in flight at the end is waited for: what was accepted is then known.
    while (!phase.over) {
      const sent = performance.now();
      const answer = await connection.request(prepared[next++ % prepared.length] ?? Buffer.alloc(0));
      if (!phase.over) answered++;
      if (phase.measured && !phase.over) latencies.push(performance.now() - sent);
      const events = acceptedOf(options, answer);
      accepted += events;
      if (events !== options.events) unexpected++;
    }
    connection.close();
  }

  const began = performance.now();
  const clients = Promise.all(Array.from({ length: options.connections }, client));
  await Promise.race([sleep(options.warmupMs), clients]);
  phase.measured = true;
  const usage = process.cpuUsage();
  const started = performance.now();
  await Promise.race([sleep(options.measureMs), clients]);
  phase.over = true;
  const ended = performance.now();
  const seconds = (ended - started) / 1_000;
  const { user, system } = process.cpuUsage(usage);
  await clients;
  const sorted = latencies.toSorted((a, b) => a - b);
  return {
    requests: sorted.length,
    requestsPerSecond: Math.round(sorted.length / seconds),
    wholePerSecond: Math.round(answered / ((ended - began) / 1_000)),
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    max: quantile(sorted, 1),
    unexpected,
    accepted,
    generator: Math.round((user + system) / seconds / 10_000) / 100,
  };
}

function quantile(sorted: readonly number[], q: number): number {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
  return Math.round(value * 100) / 100;
}

console.log(JSON.stringify(await run(JSON.parse(process.argv[2] ?? '{}') as LoadOptions)));
