// The benchmark's input: activity events of about 280 bytes, some sent twice.
import { createHash } from 'node:crypto';

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

const types = ['LOGIN', 'LOGOUT', 'PAGE_VIEW', 'BUTTON_CLICK', 'FORM_SUBMIT', 'API_CALL', 'ERROR'];

/**
 * The same records at every call but for their times, which end now:
 * brokers delete what is older than they keep.
 */
export function* benchmarkData({ records, users, duplicates, spanMs }: DataOptions): Generator<InputRecord> {
  const start = Date.now() - spanMs;
  const recent: InputRecord[] = [];
  for (let i = 0; i < records; i++) {
    const hash = createHash('md5').update(String(i)).digest();
    const copy = recent[hash.readUInt16BE(0) % 1000];
    if (copy && hash.readUInt32BE(2) / 0xffffffff < duplicates) {
      yield copy;
      continue;
    }
    const timestamp = start + Math.floor((i / records) * spanMs);
    const time = new Date(timestamp).toISOString();
    const userId = `user-${hash.readUInt32BE(6) % users}`;
    const record = {
      key: userId,
      value: JSON.stringify({
        eventId: `${hash.toString('hex', 0, 8)}-${i}`,
        userId,
        activityType: types[hash.readUInt8(10) % types.length],
        metadata: {
          device: 'mobile',
          ip: `10.${hash[11]}.${hash[12]}.${hash[13]}`,
          page: `/products/${i % 5000}`,
          referrer: `https://example.com/c/${i % 100}`,
        },
        timestamp: time,
        receivedAt: time,
      }),
      timestamp,
    };
    recent[i % 1000] = record;
    yield record;
  }
}
