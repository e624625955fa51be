import { createLogger } from '@activity/service';
import { startMongo } from '@activity/local';
import type { LocalServer } from '@activity/local';
import * as fc from 'fast-check';
import { MongoClient } from 'mongodb';
import type { Collection } from 'mongodb';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createReads } from '../reads/reads.ts';
import { createRollups } from './rollups.ts';
import type { GlobalCountDocument, Rollups } from './rollups.ts';

const minute = 60_000;
/** Nothing counts before it, and it is now so many minutes later: four days and some hours. */
const begin = Date.UTC(2026, 0, 1, 7, 41);
const minutes = 6_000;

let mongo: LocalServer;
let client: MongoClient;
let rollups: Rollups;
let collection: Collection<GlobalCountDocument>;
const counts: GlobalCountDocument[] = [];

beforeAll(async () => {
  mongo = await startMongo();
  client = await new MongoClient(mongo.address).connect();
  collection = client.db().collection<GlobalCountDocument>('globalCounts');
  for (let index = 0; index < minutes; index += 1 + (index % 3)) {
    const byType = { LOGIN: 1 + (index % 7), ...(index % 2 === 0 && { LOGOUT: index % 5 }) };
    counts.push({
      _id: String(index),
      size: 'minute',
      windowStart: new Date(begin + index * minute),
      total: byType.LOGIN + (byType.LOGOUT ?? 0),
      byType,
    });
  }
  await collection.insertMany(counts);
  await collection.createIndex({ windowStart: 1 });
  const reads = createReads({
    readTimeoutMs: 5_000,
    slowReadMs: 5_000,
    explainEveryMs: 0,
    metrics: { read: () => {}, explained: () => {} },
    logger: createLogger('test', 'silent'),
    now: Date.now,
  });
  rollups = createRollups(reads, collection, () => begin + minutes * minute);
});

afterAll(async () => {
  await client?.close();
  await mongo?.stop();
});

test('the sum of any time is that of its minutes, whichever days and quarters are remembered', async () => {
  const at = fc.integer({ min: -2_000, max: minutes + 500 });
  await fc.assert(
    fc.asyncProperty(at, at, async (a, b) => {
      const from = begin + Math.min(a, b) * minute;
      const to = begin + Math.max(a, b) * minute;
      const within = counts.filter(({ windowStart }) => +windowStart >= from && +windowStart < to);
      const { total, byType } = await rollups.sum(from, to);
      expect(total).toBe(within.reduce((sum, one) => sum + one.total, 0));
      for (const type of ['LOGIN', 'LOGOUT']) {
        expect(byType[type] ?? 0).toBe(within.reduce((sum, one) => sum + (one.byType[type] ?? 0), 0));
      }
    }),
    { numRuns: 300 },
  );
});

test('what is counted late shows once the remembered sums are ten minutes old, in sums of days as well', async () => {
  const late = { ...counts[0]!, _id: 'late', total: 1_000, byType: { LOGIN: 1_000 } };
  const whole = async (): Promise<number> =>
    (await rollups.sum(begin - 1_000 * minute, begin + minutes * minute)).total;
  const before = await whole();
  await collection.insertOne(late);
  expect(await whole()).toBe(before);

  const later = performance.now() + 10 * minute + 1_000;
  vi.spyOn(performance, 'now').mockImplementation(() => later);
  await vi.waitFor(async () => expect(await whole()).toBe(before + 1_000), { timeout: 10_000 });
  vi.restoreAllMocks();
});
