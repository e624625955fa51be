import { once } from 'node:events';
import { availableParallelism, loadavg } from 'node:os';
import { typeIndexes } from '@activity/contracts';
import { Long } from 'mongodb';
import type { Document } from 'mongodb';
import { afterAll, assert, beforeAll, describe, expect, test } from 'vitest';
import { startQuery, type QueryProcess } from './query-process.fixture.ts';

let query: QueryProcess;
let mongo: QueryProcess['mongo'];
let client: QueryProcess['client'];
let service: QueryProcess['service'];
let url: string;
let get: QueryProcess['get'];

function log(id: number, fields: Document = {}): Document {
  return {
    _id: Long.fromNumber(id),
    eventId: `e${id}`,
    userId: `u${id % 3}`,
    activityType: id % 2 === 0 ? 'LOGIN' : 'LOGOUT',
    metadata: { n: Long.fromNumber(id) },
    timestamp: new Date(1_767_323_045_000 + Math.floor(id / 2) * 1_000),
    createdAt: new Date(1_767_323_046_000),
    ...fields,
  };
}

beforeAll(async () => {
  query = await startQuery('reading', { READ_TIMEOUT_MS: '3000' });
  ({ mongo, client, service, url, get } = query);
  await client
    .db()
    .collection('logs')
    .insertMany([
      ...Array.from({ length: 25 }, (_, id) => log(id)),
      { _id: Long.fromNumber(100), deletedAt: new Date(), by: Long.fromNumber(1) },
      log(101, { eventId: 'e3', userId: 'other', timestamp: new Date(1_900_000_000_000) }),
      log(102, { eventId: '7', userId: 'digits' }),
      log(103, { eventId: '2048', userId: 'digits' }),
    ]);
  await client
    .db()
    .collection<{ _id: string } & Document>('users')
    .insertMany([
      {
        _id: 'u1',
        userId: 'u1',
        total: Long.fromNumber(8),
        byType: { LOGIN: Long.fromNumber(8) },
        lastSeen: new Date(0),
      },
      { _id: 'gone', deletedAt: new Date() },
    ]);
});

afterAll(async () => {
  await query?.close();
});

describe('the query service on a real MongoDB', () => {
  test('pages through all logs, newest first, without markers', async () => {
    const [status, first] = await get('/api/logs?limit=10');
    expect(status).toBe(200);
    expect(first['pagination']).toMatchObject({ page: 1, limit: 10, total: 28, totalIs: 'exact', pages: 3 });
    const [, second] = await get('/api/logs?limit=10&page=2');
    const [, third] = await get('/api/logs?limit=10&page=3');
    const [, fourth] = await get('/api/logs?limit=10&page=4');
    const all = [first, second, third].flatMap((page) => page['data'] as Document[]);
    expect(all).toHaveLength(28);
    expect(fourth['data']).toEqual([]);
    const keys = all.map((each): [string, number] => [String(each['timestamp']), Number(each['_id'])]);
    expect(keys).toEqual(keys.toSorted(([t1, i1], [t2, i2]) => t2.localeCompare(t1) || i2 - i1));
    expect(all.map((each) => each['_id'] as number)).not.toContain(100);
  });

  test('gives numbers as numbers and dates as ISO text', async () => {
    expect(await get('/api/logs/e5')).toEqual([
      200,
      {
        _id: 5,
        eventId: 'e5',
        userId: 'u2',
        activityType: 'LOGOUT',
        metadata: { n: 5 },
        timestamp: '2026-01-02T03:04:07.000Z',
        createdAt: '2026-01-02T03:04:06.000Z',
      },
    ]);
  });

  test.each(['newest', 'oldest'])(
    'walks through all logs by cursor, %s first, and back again',
    async (sort) => {
      const seen: Document[][] = [];
      let [, page] = await get(`/api/logs?limit=4&sort=${sort}`);
      expect(page['pagination']['prev']).toBeNull();
      for (;;) {
        seen.push(page['data'] as Document[]);
        const next = page['pagination']['next'] as string | null;
        if (next === null) break;
        [, page] = await get(`/api/logs?limit=4&sort=${sort}&cursor=${next}`);
      }
      const all = seen.flat();
      expect(new Set(all.map(({ _id }) => _id as number)).size).toBe(28);
      expect(all).toHaveLength(28);
      const sorted = all.toSorted(
        (a, b) =>
          String(a['timestamp']).localeCompare(String(b['timestamp'])) || Number(a['_id']) - Number(b['_id']),
      );
      expect(all).toEqual(sort === 'oldest' ? sorted : sorted.toReversed());
      for (const expected of seen.slice(0, -1).toReversed()) {
        [, page] = await get(`/api/logs?limit=4&sort=${sort}&cursor=${page['pagination']['prev']}`);
        expect(page['data']).toEqual(expected);
      }
      expect(page['pagination']['prev']).toBeNull();
    },
  );

  test('a log that comes meanwhile moves nothing', async () => {
    const [, first] = await get('/api/logs?limit=10');
    const { next } = first['pagination'] as { next: string };
    const [, before] = await get(`/api/logs?limit=10&cursor=${next}`);
    const newer = log(200, { timestamp: new Date(1_900_000_000_001) });
    await client.db().collection('logs').insertOne(newer);
    const [, after] = await get(`/api/logs?limit=10&cursor=${next}`);
    await client.db().collection('logs').deleteOne({ _id: newer['_id'] });
    expect(after['data']).toEqual(before['data']);
  });

  test('waits for a log, and answers as soon as it is stored', async () => {
    const waiting = get('/api/logs/awaited?userId=w&wait=9s');
    const other = get('/api/logs/awaited?userId=other&wait=1s');
    const started = performance.now();
    await new Promise((resolve) => {
      setTimeout(resolve, 300);
    });
    await client
      .db()
      .collection('logs')
      .insertOne(log(300, { eventId: 'awaited', userId: 'w' }));
    expect(await waiting).toMatchObject([200, { _id: 300 }]);
    expect(performance.now() - started).toBeLessThan(3_000);
    expect((await other)[0]).toBe(404);
    expect(await get('/api/logs/300?wait=1s')).toMatchObject([200, { eventId: 'awaited' }]);
    await client
      .db()
      .collection<{ _id: unknown } & Document>('logs')
      .deleteOne({ _id: Long.fromNumber(300) });
  });

  test('filters by user and type', async () => {
    const [, page] = await get('/api/logs?userId=u1&activityType=LOGIN');
    expect((page['data'] as Document[]).map((each) => each['_id'] as number)).toEqual([22, 16, 10, 4]);
    expect(page['pagination']).toMatchObject({ total: 4, pages: 1 });
  });

  test.each([
    ['/api/logs/5', 5],
    ['/api/logs/e3', 101], // the newest of two users' logs
    ['/api/logs/e3?userId=u0', 3],
    ['/api/logs/7', 7], // digits are a number
    ['/api/logs/7?userId=digits', 102], // with a user, an eventId
  ])('finds %s', async (path, id) => {
    const [status, body] = await get(path);
    expect([status, body['_id']]).toEqual([200, id]);
  });

  // Digits without a user are no eventId: DELETE would not remove it under that address.
  test.each(['/api/logs/100', '/api/logs/2048', '/api/logs/e3?userId=u1', '/api/logs/99999999999999999999'])(
    'does not find %s',
    async (path) => {
      expect(await get(path)).toEqual([404, { error: 'Activity log not found' }]);
    },
  );

  test('shows a user, and no marker', async () => {
    expect(await get('/api/users/u1/activity')).toEqual([
      200,
      {
        userId: 'u1',
        total: 8,
        byType: { LOGIN: 8 },
        lastSeen: '1970-01-01T00:00:00.000Z',
        // Nobody follows the pipeline here.
        asOf: null,
      },
    ]);
    expect(await get('/api/users/gone/activity')).toEqual([404, { error: 'User not found' }]);
  });

  test('gives MongoDB the time that each read may take', async () => {
    const db = client.db();
    await db.command({ profile: 2 });
    await get('/api/logs');
    await get('/api/logs/5');
    await get('/api/users/u1/activity');
    await db.command({ profile: 0 });
    const reads = await db
      .collection('system.profile')
      .find({
        'command.$db': 'reading',
        op: { $in: ['query', 'command'] },
        ns: { $in: ['reading.logs', 'reading.users'] },
      })
      .toArray();
    expect(reads.length).toBeGreaterThanOrEqual(4);
    for (const { command } of reads.filter(({ command: { explain } }) => explain === undefined)) {
      expect(command).toHaveProperty(
        'maxTimeMS',
        expect.toSatisfy((ms: number) => ms > 0 && ms <= 3_000),
      );
    }
  });

  test('reads by the index of types, and goes on without it where it is not there', async () => {
    const logs = client.db().collection('logs');
    const path = '/api/logs?activityType=LOGIN,LOGOUT&limit=5';
    const before = await get(path);
    expect(before).toMatchObject([200, { data: [{}, {}, {}, {}, {}] }]);
    await logs.createIndex({ timestamp: -1, _id: -1 });
    await logs.createIndex({ activityType: 1, timestamp: -1, _id: -1 }, { name: typeIndexes.ofAll });
    await client.db().command({ profile: 2 });
    expect(await get(path)).toEqual(before);
    await client.db().command({ profile: 0 });
    const read = { ns: 'reading.logs', 'command.limit': 6, op: { $ne: 'command' } };
    const profiled = await client.db().collection('system.profile').find(read).toArray();
    expect(profiled.at(-1)?.['command'].hint).toBe(typeIndexes.ofAll);
  });

  test('is 503 within two seconds while MongoDB is stopped, the first read too, and comes back with it', async () => {
    // On a machine that is busy with something else the same work takes longer.
    const within = 2_000 * Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());
    async function refusal(path: string): Promise<void> {
      const started = performance.now();
      const response = await fetch(`${url}${path}`);
      await response.text();
      const took = performance.now() - started;
      expect([path, response.status, took]).toEqual([path, 503, expect.toSatisfy((ms) => ms < within)]);
    }
    const { pid } = mongo;
    assert(pid !== undefined);
    process.kill(pid, 'SIGSTOP');
    try {
      await Promise.all(
        ['/api/logs', '/api/logs/5', '/api/users/u1/activity', '/api/stats/overview', '/api/logs/export'].map(
          refusal,
        ),
      );
      for (const path of ['/api/logs/tail', '/api/logs', '/api/stats/timeline', '/health'])
        await refusal(path);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await expect.poll(async () => (await get('/api/logs'))[0], { timeout: 20_000 }).toBe(200);
  });

  test('is 503 while MongoDB is gone, and comes back with it', async () => {
    await mongo.kill();
    const response = await fetch(`${url}/api/logs`);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect((await get('/health'))[0]).toBe(503);
    await mongo.restart();
    await expect.poll(async () => (await get('/api/logs'))[0], { timeout: 20_000 }).toBe(200);
    expect((await get('/health'))[0]).toBe(200);
  });

  test('ends with 0 when asked', async () => {
    service.kill('SIGTERM');
    expect((await once(service, 'exit'))[0]).toBe(0);
  });
});
