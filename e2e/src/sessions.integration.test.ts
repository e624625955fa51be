// Sessions on the real stack: what comes late between two of them, read through the query service. The
// processor is killed meanwhile, everything is read again, and what is deleted stays so.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collections } from '@activity/contracts';
import { Long, MongoClient, type Collection, type Document } from 'mongodb';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { mongoUrl } from '@activity/testbed/servers/mongo';
import type { Ports } from '@activity/local/parts/services';
import type { Pipeline } from '@activity/local/pipeline/pipeline';
import { loopback } from '@activity/testbed/process/ports';
import { freePorts } from '@activity/local/testing/free-ports';
import { killPart, readTopicsAgain } from './testing/outages.ts';
import { startQuietly } from './testing/stack.ts';

const minute = 60_000;
const now = Date.now() - minute;
const page = z.object({
  data: z.array(z.object({ _id: z.number(), eventId: z.string(), session: z.number() })),
});
type Log = z.infer<typeof page>['data'][number];

const dataDir = mkdtempSync(join(tmpdir(), 'activity-sessions-'));
let ports: Ports;
let pipeline: Pipeline | undefined;
let client: MongoClient;

beforeAll(async () => {
  ports = await freePorts();
  pipeline = await startQuietly({ ports, dataDir });
  client = await new MongoClient(mongoUrl(ports.mongodb)).connect();
}, 180_000);

afterAll(async () => {
  await client?.close();
  await pipeline?.stop();
  rmSync(dataDir, { recursive: true });
});

function edge(path: string, init: RequestInit): Promise<Response> {
  return fetch(`http://${loopback}:${ports.ingest}${path}`, init);
}

/** Posts events of minutes ago, one after the other; an event's id is its minute. */
async function post(userId: string, ...ago: readonly number[]): Promise<void> {
  const events = ago.map((minutes) => ({
    userId,
    activityType: 'PAGE_VIEW',
    eventId: String(minutes),
    timestamp: new Date(now - minutes * minute).toISOString(),
  }));
  const headers = { 'content-type': 'application/json' };
  const answer = await edge('/api/logs/batch', { method: 'POST', headers, body: JSON.stringify(events) });
  expect(await answer.json()).toMatchObject({ refused: 0 });
}

async function logs(query: string): Promise<Log[]> {
  const answer = await fetch(`http://${loopback}:${ports.query}/api/logs?limit=100&${query}`);
  return page.parse(await answer.json()).data;
}

/** Waits until a user's logs are in these sessions; each is a list of event ids. Returns their numbers. */
async function inSessions(userId: string, wanted: readonly number[][]): Promise<number[]> {
  const sorted = (lists: readonly (readonly number[])[]): number[][] =>
    lists.map((list) => list.toSorted((a, b) => a - b)).toSorted(([a = 0], [b = 0]) => a - b);
  return vi.waitFor(
    async () => {
      const sessions = Map.groupBy(await logs(`userId=${userId}`), ({ session }) => session);
      const found = [...sessions.values()].map((some) => some.map(({ eventId }) => Number(eventId)));
      expect(sorted(found)).toEqual(sorted(wanted));
      return [...sessions.keys()].toSorted((a, b) => a - b);
    },
    { timeout: 60_000, interval: 200 },
  );
}

test('an upload of two hours ago is one session, and a late log merges sessions', async () => {
  await post('ann', 1, 0);
  await post('ann', 120, 119, 118);
  const [today = -1, upload = -1] = await inSessions('ann', [
    [1, 0],
    [120, 119, 118],
  ]);
  await post('bob', 120, 60);
  await inSessions('bob', [[120], [60]]);

  if (pipeline) await killPart(pipeline, 'processor');
  await post('ann', 95, 70, 45, 29);
  expect(await inSessions('ann', [[1, 0, 29, 45, 70, 95, 118, 119, 120]])).toEqual([today]);
  // The lowest number is that of the log that came first.
  expect((await logs('userId=ann&eventId=1')).map(({ _id }) => _id)).toEqual([today]);
  expect(await logs(`session=${today}`)).toHaveLength(9);
  expect(await logs(`session=${upload}`)).toEqual([]);
  await inSessions('bob', [[120], [60]]);
}, 120_000);

test('what was deleted or erased before a merge does not come back with it, nor when all is read again', async () => {
  await post('cleo', 200, 130, 120);
  await inSessions('cleo', [[200], [130, 120]]);
  const [deleted] = await logs('userId=cleo&eventId=120');
  expect((await edge(`/api/logs/${deleted?._id}`, { method: 'DELETE' })).status).toBe(202);
  await post('cleo', 150, 175);
  await inSessions('cleo', [[200, 175, 150, 130]]);

  await post('gone', 200, 120);
  await inSessions('gone', [[200], [120]]);
  expect((await edge('/api/users/gone', { method: 'DELETE' })).status).toBe(202);
  await post('gone', 160);
  await inSessions('gone', [[160]]);
  await vi.waitFor(
    async () =>
      expect(
        await client
          .db()
          .collection('erasures')
          .countDocuments({ erasedAt: { $exists: true } }),
      ).toBe(1),
    { timeout: 30_000, interval: 200 },
  );

  // Whatever the logs have then: reading all of it again brings them to the same sessions, and nothing back.
  const stored = client.db().collection(collections.logs);
  const sessions = await storedSessions(stored);
  expect([...sessions.values()].filter((session) => session === 'deleted')).toHaveLength(1);
  await stored.updateMany({ session: { $exists: true } }, { $set: { session: Long.MAX_VALUE } });
  await pipeline?.stop();
  pipeline = await startQuietly({ ports, dataDir, rebuild: true });
  await readTopicsAgain(pipeline);
  await vi.waitFor(async () => expect(await storedSessions(stored)).toEqual(sessions), {
    timeout: 60_000,
    interval: 500,
  });
}, 240_000);

/** The session of each log, by its number. */
async function storedSessions(stored: Collection): Promise<Map<number, number | string>> {
  const all = await stored.find({ _id: { $gte: 0 } } as Document).toArray();
  return new Map(
    all.map(({ _id, session, deletedAt }) => [Number(_id), deletedAt ? 'deleted' : Number(session)]),
  );
}
