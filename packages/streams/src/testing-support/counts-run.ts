// A run of the counts topology in processes of its own: input that goes on, kills, and what the witness says
// in the end.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { CountsAppOptions } from './counts-app.fixture.ts';
import { recentMs, type CountsTopics } from './counts-topology.ts';
import { uniqueName, type Seen, type Witness } from '@activity/kafka/testing';

/** A process of the application. */
export interface App {
  readonly child: ChildProcess;
  /** What it has printed: states, warnings. */
  readonly lines: readonly { state?: string; error?: string; level?: string; message?: string }[];
  /** The last state that it printed. */
  readonly state: string | undefined;
  /** Ends it by a signal and waits until it has gone. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

/** Starts a process of the application, with arguments for Node. */
export function startApp(options: CountsAppOptions, nodeArguments: readonly string[] = []): App {
  const fixture = join(import.meta.dirname, 'counts-app.fixture.ts');
  const child = spawn(process.execPath, [...nodeArguments, fixture, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(child, 'exit');
  const lines: { state?: string }[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line) as object));
  return {
    child,
    lines,
    get state() {
      return lines.findLast(({ state }) => state !== undefined)?.state;
    },
    async end(signal) {
      child.kill(signal);
      await gone;
    },
  };
}

/** Topics for one run, made. */
export async function createTopics(
  witness: Witness,
  partitions: number,
  ticks = false,
): Promise<CountsTopics> {
  const name = uniqueName('run');
  const topics: CountsTopics = {
    input: `${name}-input`,
    copies: `${name}-copies`,
    counts: `${name}-counts`,
    digits: `${name}-digits`,
    windows: `${name}-windows`,
    recent: `${name}-recent`,
    ...(ticks && { ticks: `${name}-ticks` }),
  };
  for (const topic of Object.values(topics)) await witness.createTopic(topic, partitions);
  return topics;
}

const keys = 200;

/**
 * Event times are of today: the broker deletes records whose own time is past the retention, changelogs too.
 */
const firstTime = Date.now() - 2 * 3_600_000;

/** The key and event time of an id: one id after the other, ten milliseconds apart, some out of order. */
function recordOf(id: number): { key: string; value: string; timestamp: number } {
  const wobble = (id * 7919) % 30_000;
  return { key: `key ${(id * 31) % keys}`, value: `${id}`, timestamp: firstTime + id * 10 + wobble };
}

/** Writes ids `from` to `to`, and one of twenty twice. */
export async function sendIds(witness: Witness, topic: string, from: number, to: number): Promise<void> {
  for (let at = from; at < to; at += 2000) {
    const ids = Array.from({ length: Math.min(2000, to - at) }, (_, i) => at + i);
    const records = ids.map(recordOf);
    await witness.send(topic, [...records, ...records.filter((_record, i) => i % 20 === 0)]);
  }
}

/** Writes these ids again, as they were. */
export async function sendAgain(witness: Witness, topic: string, ids: readonly number[]): Promise<void> {
  if (ids.length > 0) await witness.send(topic, ids.map(recordOf));
}

/** What a run has done to its records. */
export interface Verdict {
  /** Ids that are not among the copies. */
  lost: number;
  /** Copies beyond the first of each id. */
  duplicated: number;
  /** Of each table, how many counts are not 1, 2, 3, … for each of its keys. */
  wrongCounts: { byKey: number; byDigit: number; byMinute: number };
  /**
   * How many records of the topic `recent` are missing, too many or in another order than a plain program's.
   */
  wrongRecent: number;
}

/** What a run without a fault comes to. */
export const faultless: Verdict = {
  lost: 0,
  duplicated: 0,
  wrongCounts: { byKey: 0, byDigit: 0, byMinute: 0 },
  wrongRecent: 0,
};

/** What a dedupe that remembers ids for {@link recentMs} of stream time passes on, by partition. */
function recentOf(input: readonly Seen[]): Map<number, string[]> {
  const passed = new Map<number, string[]>();
  const remembered = new Map<string, number>();
  let partition = -1;
  let streamTime = -1;
  for (const { partition: at, value, timestamp } of input) {
    if (at !== partition) [partition, streamTime] = [at, -1];
    streamTime = Math.max(streamTime, timestamp);
    const id = value ?? '';
    if ((remembered.get(id) ?? -1) >= streamTime - recentMs) continue;
    remembered.set(id, streamTime);
    const list = passed.get(at);
    if (list) list.push(id);
    else passed.set(at, [id]);
  }
  return passed;
}

/** How many places of two lists differ. */
function differences(found: readonly string[], wanted: readonly string[]): number {
  const length = Math.max(found.length, wanted.length);
  return Array.from({ length }, (_, i) => found[i] !== wanted[i]).filter(Boolean).length;
}

async function wrongRecentOf(witness: Witness, { input, recent }: CountsTopics): Promise<number> {
  if (recent === undefined) return 0;
  const wanted = recentOf(await witness.readCommitted(input));
  const found = Map.groupBy(await witness.readCommitted(recent), ({ partition }) => partition);
  const partitions = [...new Set([...wanted.keys(), ...found.keys()])];
  return partitions.reduce((sum, partition) => {
    const values = (found.get(partition) ?? []).map(({ value }) => value ?? '');
    return sum + differences(values, wanted.get(partition) ?? []);
  }, 0);
}

/** Wrong counts are printed until there are as many. */
const maxShown = 10;

/** How many of these values are not the ones from 1 to their expected number, each once. */
function wrongOf(seen: readonly Seen[], expected: ReadonlyMap<string, number>): number {
  const counts = new Map<string, number[]>();
  for (const [key, rows] of Map.groupBy(seen, (row) => row.key ?? ''))
    counts.set(
      key,
      rows.map(({ value }) => Number(value)),
    );
  let wrong = 0;
  for (const key of new Set([...counts.keys(), ...expected.keys()])) {
    const found = counts.get(key) ?? [];
    const wanted = new Set(Array.from({ length: expected.get(key) ?? 0 }, (_, i) => i + 1));
    const before = wrong;
    for (const n of found) if (!wanted.delete(n)) wrong++;
    wrong += wanted.size;
    // A run that fails once in a while must say what it found.
    if (wrong > before && before < maxShown)
      console.log(`wrong: ${key} has ${found.join(' ')}, and lacks ${[...wanted].join(' ')}`);
  }
  return wrong;
}

function tally<T>(items: Iterable<T>, nameOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(nameOf(item), (counts.get(nameOf(item)) ?? 0) + 1);
  return counts;
}

/** Compares what was committed with what ids below `count` must give. */
export async function judge(witness: Witness, topics: CountsTopics, count: number): Promise<Verdict> {
  const records = Array.from({ length: count }, (_, id) => recordOf(id));
  const copies = tally(await witness.readCommitted(topics.copies), ({ value }) => value ?? '');
  const minute = (time: number): number => Math.floor(time / 60_000) * 60_000;
  const [byKey, byDigit, byMinute] = [
    await witness.readCommitted(topics.counts),
    await witness.readCommitted(topics.digits),
    await witness.readCommitted(topics.windows),
  ];
  return {
    lost: records.filter(({ value }) => !copies.has(value)).length,
    duplicated: [...copies.values()].reduce((sum, n) => sum + n - 1, 0),
    wrongCounts: {
      byKey: wrongOf(
        byKey,
        tally(records, ({ key }) => key),
      ),
      byDigit: wrongOf(
        byDigit,
        tally(records, ({ value }) => `digit ${value.slice(-1)}`),
      ),
      byMinute: wrongOf(
        byMinute,
        tally(records, ({ key, timestamp }) => `${key}@${minute(timestamp)}`),
      ),
    },
    wrongRecent: await wrongRecentOf(witness, topics),
  };
}

/**
 * How much of these topics the group has not committed yet. A topic comes after those it is made from:
 * records of a commit are counted here from the moment that their input no longer is.
 */
export async function lagOf(witness: Witness, groupId: string, topics: readonly string[]): Promise<number> {
  let lag = 0;
  for (const topic of topics) {
    const ends = await witness.endOffsets(topic);
    const committed = await witness.committedOffsets(groupId, topic);
    for (const [partition, end] of ends.entries())
      lag += Math.max(0, end - Math.max(0, committed[partition] ?? 0));
  }
  return lag;
}
