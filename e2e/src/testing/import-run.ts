// A history of years in a file, imported while the importer, the processor and the broker are killed in turn;
// then everything that can be read is what the file says.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { collections, defaultActivityTypes } from '@activity/contracts';
import { projectRoot } from '@activity/testbed/paths';
import { loopback } from '@activity/testbed/process/ports';
import { workOut } from '@activity/processor/testing/oracle';
import { mongoUrl } from '@activity/testbed/servers/mongo';
import { randomOf } from '@activity/testbed/testing/random';
import { MongoClient } from 'mongodb';
import { expect, vi } from 'vitest';
import { z } from 'zod';
import { healthy, killPart } from './outages.ts';
import { readRawHistory } from './raw-history.ts';
import { startStack, type Stack } from './stack.ts';
import { dedupeMs, expectStored, expectTruth, graceMs } from './truth.ts';

/** Starts a stack whose counts do not expire, however long ago their events happened. */
export async function startLasting(name: string): Promise<Stack> {
  for (const size of ['MINUTE', 'HOUR', 'DAY']) vi.stubEnv(`${size}_TTL_DAYS`, '24000');
  return startStack(name);
}

/** How much is imported. */
export interface ImportRun {
  lines: number;
  users: number;
  /** How often something is killed: the importer, the processor and the broker in turn. */
  kills: number;
  seed: number;
  /** How long storing everything may take, in milliseconds. */
  storedWithinMs: number;
}

/** What a file holds. */
interface Written {
  /** Good lines, copies not counted, by `user|type|day`. */
  counts: Map<string, number>;
  /** Of each user: how many, the first and the last time. */
  users: Map<string, { total: number; first: number; last: number }>;
  total: number;
  bad: number;
}

/** Comparing more of them takes longer than a second client may be silent in its group. */
const mostWitnessed = 100_000;

const day = 86_400_000;
const firstDay = Date.UTC(2015, 0);
const lastDay = Date.UTC(2026, 9);

/**
 * Writes lines from 2015 to 2026: each user comes on some days, and the file has them in no order. Some lines
 * have an `eventId`, some of these are there twice; every 500th is bad.
 */
async function writeHistory(file: string, { lines, users, seed }: ImportRun): Promise<Written> {
  const random = randomOf(seed);
  const pick = (count: number): number => Math.floor(random() * count);
  const days = Array.from({ length: users }, () =>
    Array.from({ length: 12 }, () => firstDay + pick((lastDay - firstDay) / day) * day),
  );
  const written: Written = { counts: new Map(), users: new Map(), total: 0, bad: 0 };
  const out = createWriteStream(file);
  let copied: string | undefined;
  for (let index = 0; index < lines; index++) {
    let line: string;
    if (index % 500 === 499) {
      line = JSON.stringify({ userId: 'bad', activityType: 'LOGIN', timestamp: 'yesterday' });
      written.bad++;
    } else if (index % 100 === 99 && copied !== undefined) line = copied;
    else {
      const user = pick(users);
      const userId = `user-${user}`;
      const time = (days[user]?.[pick(12)] ?? firstDay) + pick(day);
      const activityType = defaultActivityTypes[pick(defaultActivityTypes.length)] ?? 'LOGIN';
      const own = index % 10 === 0 ? { eventId: `own-${index}` } : {};
      line = JSON.stringify({ ...own, userId, activityType, timestamp: time, metadata: { index } });
      if (index % 10 === 0) copied = line;
      const count = `${userId}|${activityType}|${new Date(time).toISOString().slice(0, 10)}`;
      written.counts.set(count, (written.counts.get(count) ?? 0) + 1);
      const known = written.users.get(userId) ?? { total: 0, first: time, last: time };
      const { total, first, last } = known;
      written.users.set(userId, {
        total: total + 1,
        first: Math.min(first, time),
        last: Math.max(last, time),
      });
      written.total++;
    }
    if (!out.write(`${line}\n`)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
  return written;
}

/** Runs the importer. Resolves with its exit code, null where it was killed, and what it has printed. */
async function runImporter(
  file: string,
  broker: string,
  kill: AbortSignal,
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [join(projectRoot, 'ingest', 'src', 'import', 'main.ts'), file], {
    env: { ...process.env, KAFKA_BROKERS: broker, INIT_CWD: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: kill,
    killSignal: 'SIGKILL',
  });
  child.on('error', () => {});
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
}

/**
 * Imports the file with kills in between, until the importer has ended by itself; what is left of the kills
 * falls on those who work on what it has written. Returns what was killed.
 */
async function importThrough(stack: Stack, file: string, { kills, seed }: ImportRun): Promise<string[]> {
  const random = randomOf(seed + 1);
  const broker = `${loopback}:${stack.ports.kafka}`;
  const killed: string[] = [];
  async function lines(): Promise<number> {
    const state = await readFile(`${file}.import.json`, 'utf8').catch(() => '{}');
    return (JSON.parse(state) as { lines?: number }).lines ?? 0;
  }
  /** Some time; before the importer is killed it has got on by some lines. */
  async function pause(): Promise<'killing'> {
    const before = await lines();
    await sleep(500 + random() * 700);
    for (let waits = 0; killed.length % 3 === 0 && (await lines()) === before && waits < 200; waits++)
      await sleep(50);
    return 'killing';
  }
  async function kill(victim: string, importer: AbortController): Promise<void> {
    killed.push(victim);
    if (victim === 'importer') importer.abort();
    else await killPart(stack.pipeline, victim);
  }
  for (;;) {
    const importer = new AbortController();
    const ended = runImporter(file, broker, importer.signal);
    const over = ended.then(() => 'over' as const);
    while (killed.length < kills && (await Promise.race([over, pause()])) === 'killing') {
      await kill(['importer', 'kafka', 'processor'][killed.length % 3] ?? '', importer);
    }
    const { code, output } = await ended;
    if (code === null) continue;
    // A broker that is being started again is not there for one that begins.
    if (/Kafka at \S+ (cannot be reached|does not reply)/.test(output)) continue;
    // It may have been killed when it had just finished.
    expect([code, output]).toEqual([1, expect.stringMatching(/ stored, [\d,]+ rejected| was imported by /)]);
    while (killed.length < kills) {
      await sleep(500 + random() * 700);
      await kill(killed.length % 2 === 0 ? 'kafka' : 'processor', importer);
    }
    return killed;
  }
}

const bucketsSchema = z.object({
  buckets: z.array(
    z.object({ start: z.string(), total: z.number(), byType: z.record(z.string(), z.number()) }),
  ),
});

/** Imports a history into a stack of its own, and expects all of it, once. */
export async function expectImported(stack: Stack, run: ImportRun): Promise<void> {
  const file = join(stack.dataDir, 'history.ndjson');
  const written = await writeHistory(file, run);
  const began = Date.now();
  const killed = await importThrough(stack, file, run);
  console.log(`imported in ${Date.now() - began} ms, killed: ${killed.join(', ')}`);
  expect(killed.length).toBe(run.kills);
  await healthy(stack.pipeline);

  const client = await new MongoClient(mongoUrl(stack.ports.mongodb)).connect();
  try {
    const logs = client.db().collection(collections.logs);
    await vi.waitFor(async () => expect(await logs.estimatedDocumentCount()).toBe(written.total), {
      timeout: run.storedWithinMs,
      interval: 1_000,
    });
    console.log(`stored after ${Date.now() - began} ms`);
    const stored = logs.aggregate<{ _id: string; count: number }>([
      {
        $group: {
          _id: {
            $concat: [
              '$userId',
              '|',
              '$activityType',
              '|',
              { $dateToString: { date: '$timestamp', format: '%Y-%m-%d' } },
            ],
          },
          count: { $sum: 1 },
        },
      },
    ]);
    const counts = new Map((await stored.toArray()).map(({ _id, count }) => [_id, count]));
    expect(counts.size).toBe(written.counts.size);
    expect([...written.counts].filter(([name, count]) => counts.get(name) !== count)).toEqual([]);
  } finally {
    await client.close();
  }
  // Windows, totals, the ledger and the enriched topic, by what the raw topic holds.
  const raw = await readRawHistory(`${loopback}:${stack.ports.kafka}`);
  console.log(`${raw.records.length - written.total} records of the raw topic were copies`);
  if (run.lines < mostWitnessed) await expectTruth(stack.ports, raw.records, run.storedWithinMs);
  else await expectStored(stack.ports, workOut(raw.records, graceMs, dedupeMs), run.storedWithinMs);
  await expectRead(stack, written);
}

/** The timelines and totals of some users, and the days of everyone, as the query service returns them. */
async function expectRead(stack: Stack, { counts, users }: Written): Promise<void> {
  async function get(path: string): Promise<unknown> {
    const response = await fetch(`http://${loopback}:${stack.ports.query}${path}`);
    const body: unknown = await response.json();
    expect([response.status, body]).toEqual([200, expect.anything()]);
    return body;
  }
  async function days(path: string, from: number, to: number): Promise<[string, number][]> {
    const range = `from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}&interval=day`;
    const { buckets } = bucketsSchema.parse(await get(`${path}?${range}`));
    return buckets.filter(({ total }) => total > 0).map(({ start, total }) => [start.slice(0, 10), total]);
  }
  function daysOf(ofUser: string | undefined, from: number, to: number): [string, number][] {
    const sums = new Map<string, number>();
    for (const [name, count] of counts) {
      const [userId, , on = ''] = name.split('|');
      const time = Date.parse(on);
      if ((ofUser ?? userId) !== userId || time < from || time >= to) continue;
      sums.set(on, (sums.get(on) ?? 0) + count);
    }
    return [...sums].toSorted(([a], [b]) => (a < b ? -1 : 1));
  }
  for (let year = 2015; year <= 2026; year++) {
    const [from, to] = [Date.UTC(year, 0), Date.UTC(year + 1, 0)];
    expect(await days('/api/stats/timeline', from, to)).toEqual(daysOf(undefined, from, to));
  }
  for (const [userId, { total, first, last }] of [...users].slice(0, 10)) {
    const path = `/api/users/${encodeURIComponent(userId)}`;
    expect(await get(`${path}/activity`)).toMatchObject({
      total,
      firstSeen: new Date(first).toISOString(),
      lastSeen: new Date(last).toISOString(),
    });
    const year = new Date(first).getUTCFullYear();
    const [from, to] = [Date.UTC(year, 0), Date.UTC(year + 1, 0)];
    expect(await days(`${path}/timeline`, from, to)).toEqual(daysOf(userId, from, to));
  }
}
