// What the edge has promised, held against the raw topic and MongoDB: nothing is lost, nothing is double,
// nothing deleted comes back.
import { setTimeout as sleep } from 'node:timers/promises';
import { collections, receiptsCollection } from '@activity/contracts';
import type { Db, Document } from 'mongodb';
import { expect, vi } from 'vitest';
import { addedUp } from '@activity/processor/testing/added-up';
import { workOut } from '@activity/processor/testing/oracle';
import type { RawHistory } from './raw-history.ts';
import { readStored, storedOf } from './stored.ts';
import type { Traffic } from './traffic.ts';
import { dedupeMs, graceMs } from './truth.ts';

interface Content {
  userId: string;
  eventId: string;
  activityType: string;
  metadata: unknown;
}

function contentOf({ userId, eventId, activityType, metadata }: Content, time?: string): string {
  return JSON.stringify([userId, eventId, activityType, metadata, time]);
}

/** Expects the raw topic to hold each event that was accepted, and each delete. */
export function expectInRaw({ accepted, deletes }: Traffic, { events, commands }: RawHistory): void {
  const held = new Set<string>();
  for (const event of events.values()) {
    const { timestamp, receivedAt, timestampGiven = timestamp !== receivedAt } = event;
    held.add(contentOf(event, timestampGiven ? timestamp : undefined));
  }
  expect(accepted.filter((event) => !held.has(contentOf(event, event.timestamp)))).toEqual([]);
  for (const { kind, commandId, id, eventId, userId } of deletes) {
    const command = commands.get(commandId);
    if (kind === 'user') expect(command).toMatchObject({ command: 'erase-user', userId });
    else if (kind === 'number') expect(command).toMatchObject({ command: 'delete-log', id });
    else {
      const found = command?.command === 'delete-log' ? events.get(command.id) : undefined;
      expect(found).toMatchObject({ eventId, userId });
    }
  }
}

/**
 * Expects MongoDB to hold what the oracle makes of the raw topic, and each log with its content. Returns how
 * many logs, windows and users that is.
 */
export async function expectStored(
  db: Db,
  history: RawHistory,
  timeout: number,
): Promise<Record<'logs' | 'counts' | 'users', number>> {
  const truth = workOut(history.records, graceMs, dedupeMs);
  const wanted = storedOf(truth);
  await vi.waitFor(
    async () => {
      const stored = await readStored(db);
      for (const part of ['logs', 'counts', 'everyone', 'users', 'minutes'] as const)
        expect(differenceOf(stored[part], wanted[part])).toEqual({ missing: [], extra: [] });
      const markers = await db.collection(collections.logs).distinct('_id', { deletedAt: { $exists: true } });
      expect(differenceOf(markers.map(String), truth.markers)).toEqual({ missing: [], extra: [] });
      const windows = db.collection(collections.counts).find({ deletedAt: { $exists: false } });
      const { lateMinutes } = addedUp(await windows.toArray(), []);
      expect(differenceOf(lateMinutes, truth.lateMinutes)).toEqual({ missing: [], extra: [] });
      const receipts = db.collection(receiptsCollection).countDocuments({ erasedAt: { $type: 'date' } });
      const erasures = [...history.commands.values()].filter(({ command }) => command === 'erase-user');
      expect(await receipts).toBe(erasures.length);
    },
    { timeout, interval: 1_000 },
  );
  for await (const log of logsOf(db)) {
    const event = history.events.get(Number(log['_id']));
    expect(contentOf(log as unknown as Content)).toBe(event && contentOf(event));
  }
  await vi.waitFor(async () => expect(await wrongRolling(db, history)).toEqual([]), {
    timeout: 60_000,
    interval: 1_000,
  });
  const { logs, counts, users } = wanted;
  return { logs: logs.length, counts: counts.length, users: users.length };
}

function logsOf(db: Db): AsyncIterable<Document> {
  return db.collection(collections.logs).find({ deletedAt: { $exists: false } });
}

/** What of the wanted lines is missing, and what is there besides: the first ten. */
function differenceOf(found: readonly string[], wanted: readonly string[]): Record<string, string[]> {
  const [has, wants] = [new Set(found), new Set(wanted)];
  const twice = found.length === has.size ? [] : [`${found.length - has.size} are there twice`];
  return {
    missing: wanted.filter((line) => !has.has(line)).slice(0, 10),
    extra: [...found.filter((line) => !wants.has(line)), ...twice].slice(0, 10),
  };
}

/** The users whose rolling counts are those of no moment of the last 15 seconds. */
async function wrongRolling(db: Db, { records }: RawHistory): Promise<string[]> {
  const users = await db
    .collection<{ _id: string; rolling: Record<'last5m' | 'last1h' | 'last24h', number> }>(collections.users)
    .find({ deletedAt: { $exists: false } })
    .toArray();
  const now = Date.now();
  const right = new Set<string>();
  for (let at = now - 15_000; at <= now; at += 1_000) {
    for (const line of workOut(records, graceMs, dedupeMs, at).users) {
      const [user, , rolling] = line.split(' ');
      right.add(`${user} ${rolling}`);
    }
  }
  return users
    .map(({ _id, rolling }) => `${_id} ${rolling.last5m},${rolling.last1h},${rolling.last24h}`)
    .filter((line) => !right.has(line));
}

/** Looks twice a second for logs where markers were. `stop` resolves with the numbers of those it found. */
export function watchMarkers(db: Db): { stop: () => Promise<number[]> } {
  const stopped = new AbortController();
  const logs = db.collection<{ _id: number }>(collections.logs);
  const markers = new Set<number>();
  const back = new Set<number>();
  async function look(): Promise<void> {
    for (const { _id } of await logs
      .find({ _id: { $in: [...markers] }, deletedAt: { $exists: false } })
      .toArray())
      back.add(_id);
    for (const _id of await logs.distinct('_id', { deletedAt: { $exists: true } })) markers.add(_id);
  }
  async function watch(): Promise<void> {
    while (!stopped.signal.aborted) {
      // MongoDB may be away.
      await look().catch(() => undefined);
      await sleep(500);
    }
  }
  const watching = watch();
  return {
    async stop() {
      stopped.abort();
      await watching;
      return [...back];
    },
  };
}
