// What is asked of an engine, in the proportions in which a stateful topology asks it.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Engine, Entry } from './engines.ts';

/** How large the work is. */
export interface Workload {
  keys: number;
  perFlush: number;
}

/** Operations a second, unless the name says otherwise. */
export interface Measured {
  /** New keys, in order of their time, as a window store writes them. */
  insert: number;
  /** The same keys again in random order, as an aggregate writes them. */
  update: number;
  /** Milliseconds that a flush keeps the calling thread busy, in which nothing else is processed. */
  busyMs: number;
  /** Reads of keys that are there. */
  hit: number;
  /** Reads of keys that are not: most of what a dedupe asks. */
  miss: number;
  scan: number;
  /** Milliseconds to drop a whole segment. */
  dropMs: number;
  /** Bytes on disk for each byte stored, after three times as many segments came and went. */
  space: number;
}

const valueText = '{"LOGIN":12,"PAGE_VIEW":345,"BUTTON_CLICK":67,"API_CALL":8}';

function keyOf(n: number): string {
  return `user-${String((n * 7919) % 1_000_003).padStart(7, '0')}@${1_767_225_600_000 + n}`;
}

function bytesOf(folder: string): number {
  let bytes = 0;
  // Blocks, not lengths: a file may be full of holes.
  for (const name of readdirSync(folder)) bytes += statSync(join(folder, name)).blocks * 512;
  return bytes;
}

function shuffled(count: number): number[] {
  const order = Array.from({ length: count }, (_, n) => n);
  let seed = 42;
  for (let i = count - 1; i > 0; i--) {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    const j = seed % (i + 1);
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}

async function flushAll(
  engine: Engine,
  segment: number,
  entries: readonly Entry[],
  perFlush: number,
): Promise<{ perSecond: number; busyMs: number }> {
  const before = performance.eventLoopUtilization();
  const began = performance.now();
  let flushes = 0;
  for (let at = 0; at < entries.length; at += perFlush, flushes++) {
    await engine.flush(segment, entries.slice(at, at + perFlush), at);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const seconds = (performance.now() - began) / 1000;
  const { active } = performance.eventLoopUtilization(before);
  return { perSecond: entries.length / seconds, busyMs: active / flushes };
}

function readAll(engine: Engine, keys: readonly string[], found: boolean): number {
  const began = performance.now();
  for (const key of keys) {
    if ((engine.get(1, key) === undefined) === found) throw new Error(`${key} was read wrong`);
  }
  return keys.length / ((performance.now() - began) / 1000);
}

/** Measures one engine in an empty folder (or, without one, in memory). */
export async function measure(
  engine: Engine,
  folder: string | undefined,
  { keys, perFlush }: Workload,
): Promise<Measured> {
  const entries = Array.from({ length: keys }, (_, n): Entry => [keyOf(n), `${n},${valueText}`]);
  const random = shuffled(keys);
  const insert = await flushAll(engine, 1, entries, perFlush);
  const again = random.map((n): Entry => [keyOf(n), `${n + 1},${valueText}`]);
  const update = await flushAll(engine, 1, again, perFlush);
  const asked = random.slice(0, Math.ceil(keys / 3));
  const hit = readAll(engine, asked.map(keyOf), true);
  const miss = readAll(
    engine,
    asked.map((n) => `${keyOf(n)}-absent`),
    false,
  );
  const scanBegan = performance.now();
  const scanned = await engine.scan(1);
  const scan = scanned / ((performance.now() - scanBegan) / 1000);
  if (scanned !== keys) throw new Error(`${scanned} of ${keys} entries were scanned`);
  for (let segment = 2; segment <= 4; segment++) {
    await flushAll(engine, segment, entries, perFlush);
    if (segment < 4) await engine.drop(segment - 1);
  }
  const dropBegan = performance.now();
  await engine.drop(3);
  const dropMs = performance.now() - dropBegan;
  const stored = entries.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  const space = folder === undefined ? Number.NaN : bytesOf(folder) / stored;
  const { perSecond, busyMs } = update;
  return { insert: insert.perSecond, update: perSecond, busyMs, hit, miss, scan, dropMs, space };
}
