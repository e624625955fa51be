// The benchmark's input: activity events of about 280 bytes, some sent twice.
import { activityOf, seedOf } from '../shared/activity.ts';

/** What the input is like. */
export interface DataOptions {
  records: number;
  users: number;
  /** Share of records that are copies of one of the last thousand. */
  duplicates: number;
  /** Event time from the first to the last record, in milliseconds. */
  spanMs: number;
}

/** One record of the input. */
export interface InputRecord {
  key: string;
  value: string;
  timestamp: number;
}

/**
 * The same records at every call but for their times, which end now:
 * brokers delete what is older than they keep.
 */
export function* benchmarkData({ records, users, duplicates, spanMs }: DataOptions): Generator<InputRecord> {
  const start = Date.now() - spanMs;
  const recent: InputRecord[] = [];
  for (let i = 0; i < records; i++) {
    const seed = seedOf(i);
    const copy = recent[seed.readUInt16BE(0) % 1000];
    if (copy && seed.readUInt32BE(2) / 0xffffffff < duplicates) {
      yield copy;
      continue;
    }
    const timestamp = start + Math.floor((i / records) * spanMs);
    const time = new Date(timestamp).toISOString();
    const activity = activityOf(i, users, seed);
    const record = {
      key: activity.userId,
      value: JSON.stringify({ ...activity, timestamp: time, receivedAt: time }),
      timestamp,
    };
    recent[i % 1000] = record;
    yield record;
  }
}
