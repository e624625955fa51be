import { typeIndexes, violationsIndex } from '@activity/contracts';
import { createLogger } from '@activity/service';
import { startMongo } from '@activity/testbed';
import type { LocalServer } from '@activity/testbed';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogDocument } from '../logs/log-json.ts';
import type { ExplainSummary } from '../reads/explained.ts';
import { createReads } from '../reads/reads.ts';
import { createTypeReads } from './type-figures.ts';

let mongo: LocalServer;
let client: MongoClient;

beforeAll(async () => {
  mongo = await startMongo();
  client = await new MongoClient(mongo.address).connect();
});

afterAll(async () => {
  await client?.close();
  await mongo?.stop();
});

test('figures of types are read by indexes: a log that nothing is wrong with is not looked at', async () => {
  const logs = client.db().collection<LogDocument>('logs');
  await logs.createIndex({ activityType: 1, timestamp: -1, _id: -1 }, { name: typeIndexes.ofAll });
  const partialFilterExpression = { violations: { $exists: true } };
  await logs.createIndex({ activityType: 1 }, { name: violationsIndex, partialFilterExpression });
  await logs.insertMany(
    Array.from({ length: 1_000 }, (_, index) => ({
      _id: index,
      eventId: `e${index}`,
      userId: 'ada',
      activityType: `type ${index % 5}`,
      metadata: {},
      timestamp: new Date(index),
      createdAt: new Date(index),
      ...(index % 100 === 3 && { violations: ['metadata.a: is missing'] }),
    })),
  );
  const explained = new Map<string, ExplainSummary>();
  const reads = createReads({
    readTimeoutMs: 5_000,
    slowReadMs: 5_000,
    explainEveryMs: 1,
    metrics: {
      read: () => {},
      readFailed: () => {},
      explained: (operation, summary) => explained.set(operation, summary),
    },
    logger: createLogger('test', 'silent'),
    now: Date.now,
  });
  const types = createTypeReads({
    reads,
    logs,
    rollups: { sum: async () => Promise.resolve({ total: 0, byType: {} }) } as never,
    freshness: async () => Promise.resolve({ asOf: null } as never),
    now: Date.now,
  });
  const { violations, lastSeen } = await types.figures();
  expect([...violations]).toEqual([['type 3', 10]]);
  expect(lastSeen.get('type 4')).toEqual(new Date(999));
  await expect.poll(() => explained.size).toBe(2);
  const { plan, documentsExamined } = explained.get('logs.violations') ?? {};
  expect([plan, documentsExamined]).toEqual([expect.stringContaining(`IXSCAN(${violationsIndex})`), 10]);
  expect(explained.get('logs.types')?.collectionScan).toBe(false);
});
