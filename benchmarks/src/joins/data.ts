// The inputs of the joins, the same at every run but for their times, and what must come of them.
import { activityOf, seedOf } from '../shared/activity.ts';

/** Which join: of a stream with a table, or of two streams. */
export type Kind = 'stream-table' | 'stream-stream';

/** What an input is like. */
export interface DataOptions {
  kind: Kind;
  records: number;
  users: number;
  /** Event time from the first to the last record, in milliseconds. */
  spanMs: number;
}

/** One record of an input. */
export interface InputRecord {
  side: 'left' | 'right';
  key: string;
  value: string;
  timestamp: number;
}

/** What must come out for a user: how many results, and the sum of their `points`. */
export interface Sum {
  results: number;
  points: number;
}

/** How far apart the records of two streams may be that are joined, in milliseconds. */
export const withinMs = 2000;
/** How far records are behind those before them, at most, in milliseconds. */
const disorderMs = 500;
/** One record of this many of a stream–table join changes a row. */
const recordsPerChange = 10;

function event(
  index: number,
  users: number,
  timestamp: number,
): { key: string; amount: number; value: string } {
  const seed = seedOf(index);
  const activity = activityOf(index, users, seed);
  const amount = 1 + (seed.readUInt16BE(14) % 100);
  const time = new Date(timestamp).toISOString();
  return {
    key: activity.userId,
    amount,
    value: JSON.stringify({ ...activity, amount, timestamp: time }),
  };
}

function row(
  user: number,
  version: number,
  timestamp: number,
): Omit<InputRecord, 'side'> & { weight: number } {
  const weight = 1 + ((user * 7 + version * 13) % 50);
  const fields = { name: `User number ${user}`, city: `City ${user % 300}`, plan: 'standard', weight };
  return { key: `user-${user}`, value: JSON.stringify(fields), timestamp, weight };
}

function add(sums: Map<string, Sum>, key: string, points: number): void {
  const sum = sums.get(key);
  if (!sum) {
    sums.set(key, { results: 1, points });
    return;
  }
  sum.results++;
  sum.points += points;
}

/** Every user has a row before the first event; rows change between the events, at times of their own. */
function* streamAndTable(
  { records, users, spanMs }: DataOptions,
  start: number,
  sums: Map<string, Sum>,
): Generator<InputRecord> {
  const weights = new Map<string, number>();
  const coming: { key: string; weight: number; timestamp: number }[] = [];
  let rows = 0;
  const nextRow = (timestamp: number): InputRecord => {
    const { key, value, weight } = row(rows % users, Math.floor(rows / users), timestamp);
    rows++;
    coming.push({ key, weight, timestamp });
    return { side: 'right', key, value, timestamp };
  };
  for (let user = 0; user < users; user++) yield nextRow(start - 1);
  const count = records - users;
  let applied = 0;
  for (let i = 0; i < count; i++) {
    // Rows change at odd times and events are at even ones: each event has one row of its time.
    const timestamp = start + Math.floor(((i / count) * spanMs) / 2) * 2;
    if (i % recordsPerChange === 0) {
      yield nextRow(timestamp + 1);
      continue;
    }
    for (let next = coming[applied]; next && next.timestamp < timestamp; next = coming[++applied])
      weights.set(next.key, next.weight);
    const { key, amount, value } = event(i, users, timestamp);
    add(sums, key, amount * (weights.get(key) ?? Number.NaN));
    yield { side: 'left', key, value, timestamp };
  }
}

/** Every second event is of the right stream; they are a little out of order. */
function* twoStreams(
  { records, users, spanMs }: DataOptions,
  start: number,
  sums: Map<string, Sum>,
): Generator<InputRecord> {
  const near = new Map<string, { side: InputRecord['side']; amount: number; timestamp: number }[]>();
  for (let i = 0; i < records; i++) {
    const behind = (i * 7919) % disorderMs;
    const timestamp = start + Math.floor((i / records) * spanMs) - behind;
    const side = i % 2 === 0 ? 'left' : 'right';
    const { key, amount, value } = event(i, users, timestamp);
    const before = near.get(key) ?? [];
    for (const other of before)
      if (other.side !== side && Math.abs(other.timestamp - timestamp) <= withinMs)
        add(sums, key, other.amount * amount);
    // Whatever comes later is at most that much behind this one.
    const kept = before.filter((other) => other.timestamp >= timestamp - withinMs - disorderMs);
    near.set(key, [...kept, { side, amount, timestamp }]);
    yield { side, key, value, timestamp };
  }
}

/**
 * The records of an input, whose times end now: brokers delete what is older than they keep. Once all are
 * taken, `sums` has what must come of them, by user.
 */
export function joinData(options: DataOptions): { records: Iterable<InputRecord>; sums: Map<string, Sum> } {
  const sums = new Map<string, Sum>();
  const start = Date.now() - options.spanMs;
  const make = options.kind === 'stream-table' ? streamAndTable : twoStreams;
  return { records: make(options, start, sums), sums };
}
