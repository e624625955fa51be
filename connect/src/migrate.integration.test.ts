// The collections, indexes and validators that migrate makes.
import { servers } from '@activity/testbed/testing';
import { MongoClient, type Document } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migrate } from './migrate.ts';
import { iso, log } from './testing/sink-stack.ts';

const time = new Date(iso);
const windowTtlDays = { minute: 2, hour: 90, day: 730 };
const database = `migrated-${process.pid}`;
let client: MongoClient;

beforeAll(async () => {
  client = await new MongoClient(servers().mongodb, { promoteLongs: false }).connect();
});

afterAll(async () => {
  await client.db(database).dropDatabase();
  await client.close();
});

describe('migrate', () => {
  test('changes nothing the second time, but a changed time to live', async () => {
    const fresh = client.db(database);
    await migrate(fresh, { markerTtlSeconds: 3_600, windowTtlDays });
    const first = await fresh.collection('logs').indexes();
    await migrate(fresh, { markerTtlSeconds: 3_600, windowTtlDays });
    expect(await fresh.collection('logs').indexes()).toEqual(first);
    await migrate(fresh, { markerTtlSeconds: 7_200, windowTtlDays });
    const markers = (await fresh.collection('logs').indexes()).find(({ name }) => name === 'markers');
    expect(markers).toMatchObject({ expireAfterSeconds: 7_200 });
    expect(first.find(({ name }) => name === 'expiry')).toMatchObject({
      key: { expiresAt: 1 },
      expireAfterSeconds: 0,
      partialFilterExpression: { expiresAt: { $exists: true } },
    });
    const expiries = (await fresh.collection('counts').indexes()).filter(({ name }) =>
      name?.endsWith('_expiry'),
    );
    expect(
      expiries.map(({ expireAfterSeconds, partialFilterExpression }) => [
        partialFilterExpression as Document,
        Number(expireAfterSeconds) / 86_400,
      ]),
    ).toEqual([
      [{ size: 'minute' }, 2],
      [{ size: 'hour' }, 90],
      [{ size: 'day' }, 730],
      [{ size: 'late-minute', userId: { $gt: '' } }, 2],
      [{ size: 'late-hour' }, 90],
      [{ size: 'late-day' }, 730],
      [{ size: 'late-minute', userId: '' }, 730],
    ]);
  });

  test('drops the indexes of filters that are left out, and makes them again', async () => {
    const fresh = client.db(database);
    const names = async (): Promise<string[]> =>
      (await fresh.collection('logs').indexes()).map(({ name = '' }) => name).toSorted();
    const options = { markerTtlSeconds: 3_600, windowTtlDays };
    await migrate(fresh, options);
    const all = await names();
    await migrate(fresh, { ...options, indexedFilters: ['ip'] });
    const left = ['bot_newest', 'country_newest', 'device_newest', 'network_newest', 'session_newest'];
    expect(await names()).toEqual(all.filter((name) => !left.includes(name)));
    await migrate(fresh, options);
    expect(await names()).toEqual(all);
  });

  test.each<[string, Document, boolean]>([
    ['logs', { ...log(1), timestamp: time, receivedAt: time, createdAt: time, more: 1 }, true],
    ['logs', { _id: 2, deletedAt: time }, true],
    ['logs', log(3), false],
    ['logs', { ...log(4), timestamp: time, receivedAt: time }, false],
    ['users', { _id: 'u', userId: 'u', total: 1, byType: {}, firstSeen: time, lastSeen: time }, true],
    ['users', { _id: 'v', userId: 'v', total: '1', byType: {}, firstSeen: time, lastSeen: time }, false],
    ['counts', { _id: 'w', deletedAt: 'now' }, false],
  ])('lets into %s only what is whole: %j', async (collection, document, taken) => {
    const fresh = client.db(database);
    const inserted = await fresh
      .collection(collection)
      .insertOne(document)
      .then(
        () => true,
        () => false,
      );
    expect(inserted).toBe(taken);
  });
});
