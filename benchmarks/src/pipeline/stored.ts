// How much of what was sent is in MongoDB: cheap looks while it runs, and a thorough one afterwards.
import { collections } from '@activity/contracts';
import type { Db, Document } from 'mongodb';
import { setTimeout as sleep } from 'node:timers/promises';
import { differences, logLine, userLine, windowName, type Sums } from './sums.ts';

/** When what was stored, in epoch milliseconds. */
export interface Stored {
  /** Half of the logs; all logs; all windows and totals too. */
  half: number;
  logs: number;
  all: number;
  /** How long the looks took together, in milliseconds: what watching may have cost. */
  watchedMs: number;
}

const lookMs = 100;
const patienceMs = 60_000;

async function sumOf(db: Db, collection: string): Promise<number> {
  const sum: Document = { $group: { _id: null, total: { $sum: '$total' } } };
  const [found] = await db.collection(collection).aggregate<{ total: number }>([sum]).toArray();
  return found?.total ?? 0;
}

/**
 * Waits until the logs are as many as the events, and the sums of everything that is counted say the same.
 * The logs' number costs MongoDB nothing; sums are taken only once it is there, one collection after another.
 *
 * @throws Error where a number has stopped growing
 */
export async function untilStored(db: Db, events: number): Promise<Stored> {
  const stored: Stored = { half: 0, logs: 0, all: 0, watchedMs: 0 };
  async function until(what: string, wanted: number, look: () => Promise<number>): Promise<number> {
    let [most, grown] = [-1, Date.now()];
    for (;;) {
      const began = performance.now();
      const found = await look();
      stored.watchedMs += performance.now() - began;
      const now = Date.now();
      if (found >= wanted) return now;
      if (found > most) [most, grown] = [found, now];
      if (now - grown > patienceMs)
        throw new Error(`${what}: ${found} of ${wanted}, and no more for ${patienceMs / 1_000} s`);
      await sleep(lookMs);
    }
  }
  const logs = db.collection(collections.logs);
  const countLogs = async (): Promise<number> => logs.estimatedDocumentCount();
  stored.half = await until('stored logs', Math.ceil(events / 2), countLogs);
  stored.logs = await until('stored logs', events, countLogs);
  await until('the sum of the totals of users', events, async () => sumOf(db, collections.users));
  // An event is in a minute, an hour and a day.
  await until('the sum of the windows of users', 3 * events, async () => sumOf(db, collections.counts));
  stored.all = await until('the sum of the minutes of everybody', events, async () =>
    sumOf(db, collections.globalCounts),
  );
  return stored;
}

interface Counted extends Document {
  userId: string;
  size: string;
  windowStart: Date;
  total: number;
  byType: Record<string, number>;
}

async function windowsOf(
  db: Db,
  collection: string,
): Promise<{ found: Map<string, string>; wrong: string[] }> {
  const found = new Map<string, string>();
  const wrong: string[] = [];
  for await (const { _id, userId = '', size, windowStart, total, byType } of db
    .collection<Counted>(collection)
    .find()) {
    const counts = Object.entries(byType);
    for (const [type, count] of counts) found.set(windowName(userId, size, windowStart, type), String(count));
    const sum = counts.reduce((all, [, count]) => all + count, 0);
    if (sum !== total) wrong.push(`${collection}: ${String(_id)} has a total of ${total}, not ${sum}`);
  }
  return { found, wrong };
}

/** Reads everything; returns what differs from the sender's sums. */
export async function differencesOf(db: Db, sums: Sums): Promise<string[]> {
  const logs = new Map<string, string>();
  let copies = 0;
  const fields = { eventId: 1, userId: 1, activityType: 1, timestamp: 1 };
  for await (const log of db.collection(collections.logs).find({}, { projection: fields })) {
    const eventId = String(log['eventId']);
    if (logs.has(eventId)) copies++;
    logs.set(eventId, logLine(log['userId'], log['activityType'], log['timestamp'] as Date));
  }
  const users = new Map<string, string>();
  for await (const user of db.collection(collections.users).find()) {
    const { userId, total, firstSeen, lastSeen, byType } = user as Document;
    users.set(String(userId), userLine(Number(total), firstSeen as Date, lastSeen as Date));
    for (const [type, count] of Object.entries(byType as Record<string, number>))
      users.set(`${String(userId)}|${type}`, String(count));
  }
  const windows = await windowsOf(db, collections.counts);
  const everyone = await windowsOf(db, collections.globalCounts);
  return [
    ...(copies > 0 ? [`${copies} logs are stored more than once`] : []),
    ...differences('logs', sums.logs, logs),
    ...differences('windows of users', sums.windows, windows.found),
    ...differences('totals of users', sums.users, users),
    ...differences('minutes of everybody', sums.everyone, everyone.found),
    ...[...windows.wrong, ...everyone.wrong].slice(0, 3),
  ];
}
