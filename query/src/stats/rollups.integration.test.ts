import { createLogger } from '@activity/service';
import { startMongo } from '@activity/testbed';
import type { LocalServer } from '@activity/testbed';
import * as fc from 'fast-check';
import { MongoClient } from 'mongodb';
import type { Collection } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createReads } from '../reads/reads.ts';
import type { FreshnessOf } from '../pipeline/freshness.ts';
import { createRollups } from './rollups.ts';
import { createStoredAgain, minuteSources } from './stored-again.ts';
import type { GlobalCountDocument, Rollups } from './rollups.ts';

const minute = 60_000;
/** Nothing counts before it, and it is now this many minutes later: four days and some hours. */
const begin = Date.UTC(2026, 0, 1, 7, 41);
const minutes = 6_000;

let mongo: LocalServer;
let client: MongoClient;
let rollups: Rollups;
let collection: Collection<GlobalCountDocument>;
const counts: GlobalCountDocument[] = [];
let clock = begin + minutes * minute;

function fresh(version: string | undefined): FreshnessOf {
  return { asOf: null, version, partitions: new Map([['globalCounts', 2]]) };
}

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
    metrics: { read: () => {}, readFailed: () => {}, explained: () => {} },
    logger: createLogger('test', 'silent'),
    now: Date.now,
  });
  rollups = createRollups({
    reads,
    globalCounts: collection,
    storedAgain: createStoredAgain(reads, minuteSources(client.db())),
    now: () => clock,
  });
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
      const { total, byType } = await rollups.sum(from, to, fresh('1'));
      expect(total).toBe(within.reduce((sum, one) => sum + one.total, 0));
      for (const type of ['LOGIN', 'LOGOUT']) {
        expect(byType[type] ?? 0).toBe(within.reduce((sum, one) => sum + (one.byType[type] ?? 0), 0));
      }
    }),
    { numRuns: 300 },
  );
});

/** Stores a minute as the sink does. */
async function store(offset: number, at: number, count: number): Promise<void> {
  const windowStart = new Date(begin + at * minute);
  const document = { size: 'minute', windowStart, total: count, byType: { LOGIN: count } } as const;
  await collection.replaceOne(
    { _id: `late ${at}` },
    { ...document, kafkaPartition: offset % 2, kafkaOffset: Math.floor(offset / 2) },
    { upsert: true },
  );
}

const from = begin - 1_000 * minute;
const to = begin + minutes * minute;

async function whole(version: string | undefined): Promise<number> {
  return (await rollups.sum(from, to, fresh(version))).total;
}

test('what is stored again shows at once where that is known to be so, else within a second', async () => {
  const before = await whole('1');
  await store(0, 5, 1_000);
  expect(await whole('1')).toBe(before);
  clock += 1_000;
  expect(await whole('1')).toBe(before + 1_000);
  await store(1, 2_000, 500);
  expect(await whole('2')).toBe(before + 1_500);
  await store(2, 5, 1_001);
  expect(await whole('3')).toBe(before + 1_501);
  const cells = await rollups.cells(from, to, fresh('3'));
  expect(cells.reduce((sum, { total }) => sum + total, 0)).toBe(before + 1_501);
  // The sink was set back: offsets come again.
  await whole(undefined);
  await store(1, 2_000, 7);
  expect(await whole('3')).toBe(before + 1_008);
});

test('where nothing says how fresh the counts are, they are remembered for 10 s', async () => {
  const before = await whole(undefined);
  await store(3, 5, 2_001);
  clock += 9_000;
  expect(await whole(undefined)).toBe(before);
  clock += 1_000;
  expect(await whole(undefined)).toBe(before + 1_000);
});

test('nothing that was stored before the question is missing, however readers and the sink are interleaved', async () => {
  let offset = 10;
  let last = { version: '10', total: (await rollups.sum(from, to, fresh('10'))).total };
  const wrong: unknown[] = [];
  const ended = Date.now() + 1_500;
  async function read(): Promise<void> {
    while (Date.now() < ended) {
      const least = last;
      const { total } = await rollups.sum(from, to, fresh(least.version));
      if (total < least.total) wrong.push({ least, total });
    }
  }
  const readers = [read(), read(), read()];
  const stored = new Map<number, number>();
  while (Date.now() < ended) {
    const at = 101 + 100 * (++offset % 40);
    stored.set(at, (stored.get(at) ?? 0) + 1);
    await store(offset, at, stored.get(at) ?? 0);
    last = { version: String(offset), total: last.total + 1 };
  }
  await Promise.all(readers);
  expect(offset).toBeGreaterThan(20);
  expect(wrong).toEqual([]);
  expect((await rollups.sum(from, to, fresh('end'))).total).toBe(last.total);
});
