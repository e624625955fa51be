// A MongoDB as the pipeline leaves it after some events, written straight into the collections: for tests and
// benchmarks of reads.
import {
  collections,
  defaultActivityTypes,
  freshnessCollection,
  logId,
  windowId,
  windowSizes,
  type CountsByType,
  type Freshness,
  type WindowSize,
} from '@activity/contracts';
import { Long, type Db, type Document } from 'mongodb';
import { migrate } from '@activity/connect/migrate';
import { randomOf } from '@activity/testbed/testing/random';

/** How much of it. */
export interface StoredActivityOptions {
  logs: number;
  users: number;
  /** When the last event happened, in epoch milliseconds, and how long before that the first one. */
  until: number;
  spanMs: number;
  partitions?: number;
  /** Called after each batch of logs. */
  progress?: (logs: number) => void;
}

/** The user of a number. */
export function userOf(number: number): string {
  return `user-${number}`;
}

const devices = ['desktop', 'mobile', 'tablet'];
const countries = ['DE', 'FR', 'US', 'IN', 'BR', 'JP', 'GB', 'NG', 'SE', 'PL'];
const minutesKeptMs = 2 * windowSizes.day;
const batch = 5_000;

interface Tally {
  total: number;
  byType: CountsByType;
  lastId: number;
}

interface Person extends Tally {
  firstSeen: number;
  lastSeen: number;
  rolling: [number, number, number];
}

function add(tally: Tally, type: string, id: number): void {
  tally.total++;
  tally.byType[type] = (tally.byType[type] ?? 0) + 1;
  tally.lastId = id;
}

function long(value: number): Long {
  return Long.fromNumber(value);
}

function longs(counts: CountsByType): Record<string, Long> {
  return Object.fromEntries(Object.entries(counts).map(([type, count]) => [type, long(count)]));
}

function* documentsOf<K, V>(entries: Map<K, V>, write: (entry: [K, V]) => Document): Generator<Document> {
  for (const entry of entries) yield write(entry);
}

async function insertAll(db: Db, collection: string, documents: Iterable<Document>): Promise<void> {
  let some: Document[] = [];
  const target = db.collection(collection);
  for (const document of documents) {
    some.push(document);
    if (some.length < batch) continue;
    await target.insertMany(some, { ordered: false });
    some = [];
  }
  if (some.length > 0) await target.insertMany(some, { ordered: false });
}

/**
 * Fills an empty database and migrates it: logs, the counts of minutes (of the last two days, as they
 * expire), hours and days, users, the minutes of all, the ledger, and how fresh all is. A fifth of the users
 * has most of the events.
 */
export async function fillActivity(db: Db, options: StoredActivityOptions): Promise<void> {
  const { until, spanMs, partitions = 4, progress = () => {} } = options;
  const random = randomOf(7);
  const pick = (count: number): number => Math.floor(random() * count);
  const windows = new Map<string, Tally & { userId: string; size: WindowSize; start: number }>();
  const people = new Map<string, Person>();
  const minutes = new Map<number, Tally>();
  const offsets = Array.from({ length: partitions }, () => 0);

  function* logs(): Generator<Document> {
    for (let index = 0; index < options.logs; index++) {
      const number = random() < 0.8 ? pick(Math.ceil(options.users / 5)) : pick(options.users);
      const userId = userOf(number);
      const partition = number % partitions;
      const offset = offsets[partition] ?? 0;
      offsets[partition] = offset + 1;
      const _id = logId(partition, offset);
      const at = until - spanMs + Math.floor(((index + 1) * spanMs) / options.logs);
      const activityType = defaultActivityTypes[pick(defaultActivityTypes.length)] ?? 'LOGIN';
      countLog(userId, activityType, _id, at);
      if (index % 100_000 === 0) progress(index);
      const network = `203.0.${number % 200}`;
      const bot = random() < 0.02;
      yield {
        _id: long(_id),
        eventId: `event-${index}`,
        userId,
        activityType,
        metadata: { ip: `${network}.${1 + pick(50)}`, path: `/page/${pick(100)}` },
        timestamp: new Date(at),
        receivedAt: new Date(at),
        createdAt: new Date(at + 20),
        session: long(logId(partition, Math.floor(offset / 20) * 20)),
        client: { browser: 'Firefox', os: 'Linux', device: devices[pick(3)] },
        bot,
        address: { version: 4, prefix: `${network}.0/24` },
        place: { country: countries[number % countries.length] },
      };
    }
  }

  function countLog(userId: string, type: string, id: number, at: number): void {
    for (const size of Object.keys(windowSizes) as WindowSize[]) {
      if (size === 'minute' && at < until - minutesKeptMs) continue;
      const start = Math.floor(at / windowSizes[size]) * windowSizes[size];
      const _id = windowId(userId, size, new Date(start).toISOString());
      let window = windows.get(_id);
      if (!window) windows.set(_id, (window = { userId, size, start, total: 0, byType: {}, lastId: -1 }));
      add(window, type, id);
    }
    let person = people.get(userId);
    if (!person) {
      person = { total: 0, byType: {}, lastId: -1, firstSeen: at, lastSeen: at, rolling: [0, 0, 0] };
      people.set(userId, person);
    }
    add(person, type, id);
    person.lastSeen = at;
    for (const [index, length] of [300_000, 3_600_000, 86_400_000].entries()) {
      if (at > until - length) person.rolling[index as 0]++;
    }
    const minute = Math.floor(at / windowSizes.minute) * windowSizes.minute;
    let tally = minutes.get(minute);
    if (!tally) minutes.set(minute, (tally = { total: 0, byType: {}, lastId: -1 }));
    add(tally, type, id);
  }

  await insertAll(db, collections.logs, logs());
  await insertAll(
    db,
    collections.counts,
    documentsOf(windows, ([_id, { userId, size, start, total, byType, lastId }]) => ({
      _id,
      userId,
      size,
      windowStart: new Date(start),
      windowEnd: new Date(start + windowSizes[size]),
      total: long(total),
      byType: longs(byType),
      lastId: long(lastId),
    })),
  );
  await insertAll(
    db,
    collections.users,
    documentsOf(people, ([_id, { total, byType, lastId, firstSeen, lastSeen, rolling }]) => ({
      _id,
      userId: _id,
      total: long(total),
      byType: longs(byType),
      rolling: { last5m: long(rolling[0]), last1h: long(rolling[1]), last24h: long(rolling[2]) },
      firstSeen: new Date(firstSeen),
      lastSeen: new Date(lastSeen),
      lastId: long(lastId),
    })),
  );
  let stored = 0;
  await insertAll(
    db,
    collections.globalCounts,
    documentsOf(minutes, ([start, { total, byType }]) => ({
      kafkaPartition: 0,
      kafkaOffset: long(stored++),
      _id: `minute|${new Date(start).toISOString()}`,
      size: 'minute',
      windowStart: new Date(start),
      windowEnd: new Date(start + windowSizes.minute),
      total: long(total),
      byType: longs(byType),
      parts: { 0: longs(byType) },
    })),
  );
  await insertAll(
    db,
    collections.ledger,
    offsets.map((next, partition) => ({
      _id: `${partition}|all`,
      partition: long(partition),
      firstOffset: long(0),
      lastOffset: long(next - 1),
      enriched: long(next),
      duplicate: long(0),
      deadLettered: long(0),
      command: long(0),
      late: long(0),
      deleted: long(0),
      erased: long(0),
    })),
  );
  await db.collection<Freshness>(freshnessCollection).insertMany(
    Object.values(collections).map((_id) => ({
      _id,
      asOf: new Date(until),
      catchingUp: false,
      lost: false,
      source: 'filled',
      raw: offsets,
      sink: offsets.map(() => stored),
    })),
  );
  // Indexes are built faster of what is there.
  await migrate(db, {
    markerTtlSeconds: 604_800,
    windowTtlDays: { minute: 24_000, hour: 24_000, day: 24_000 },
  });
}
