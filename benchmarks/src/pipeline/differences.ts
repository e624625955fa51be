// What is in MongoDB against the sender's sums: everything is read.
import { collections } from '@activity/contracts';
import type { Db, Document } from 'mongodb';
import { differences, logLine, userLine, windowName, type Sums } from './sums.ts';

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
