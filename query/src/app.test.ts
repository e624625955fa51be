import { createLogger } from '@activity/service';
import type { Authenticator } from '@activity/service';
import type { Hono } from 'hono';
import { MongoNetworkError, MongoServerError } from 'mongodb';
import { beforeEach, describe, expect, test } from 'vitest';
import { createApp } from './app.ts';
import type { LogDocument } from './log-json.ts';
import type { LogFilter, LogStore, UserDocument } from './log-store.ts';

const time = new Date('2026-01-02T03:04:05.678Z');
const log: LogDocument = {
  _id: 1024,
  eventId: 'e',
  userId: 'u',
  activityType: 'LOGIN',
  metadata: { ip: '1.2.3.4' },
  timestamp: time,
  createdAt: time,
};
const logAnswer = { ...log, timestamp: '2026-01-02T03:04:05.678Z', createdAt: '2026-01-02T03:04:05.678Z' };

let asked: unknown[];
let fault: Error | undefined;
let user: UserDocument | undefined;
let up: boolean;

beforeEach(() => {
  asked = [];
  fault = undefined;
  up = true;
  user = { _id: 'u', userId: 'u', total: 3, byType: { LOGIN: 3 }, firstSeen: time, lastSeen: time };
});

async function reading<T>(question: unknown, value: T): Promise<T> {
  asked.push(question);
  if (fault !== undefined) throw fault;
  return value;
}

function app(): Hono {
  const store: LogStore = {
    page: async (filter: LogFilter, page, limit) =>
      reading({ ...filter, page, limit }, { logs: [log], total: 21 }),
    find: async (id, userId) => reading({ id, userId }, id === 'e' ? log : undefined),
    user: async (userId) => reading(userId, userId === 'u' ? user : undefined),
  };
  const authenticator: Authenticator = {
    open: false,
    identify: (_, key) =>
      key === undefined ? undefined : { keyId: key, scopes: new Set([key === 'reader' ? 'read' : 'ingest']) },
    close: () => {},
  };
  return createApp({ logger: createLogger('test', 'silent'), store, authenticator, ping: async () => up });
}

async function get(path: string, key = 'reader'): Promise<[number, unknown]> {
  const response = await app().request(path, { headers: { 'x-api-key': key } });
  return [response.status, await response.json()];
}

describe('GET /api/logs', () => {
  test('gives a page and how many there are', async () => {
    expect(await get('/api/logs')).toEqual([
      200,
      { data: [logAnswer], pagination: { page: 1, limit: 10, total: 21, pages: 3 } },
    ]);
    expect(asked).toEqual([{ page: 1, limit: 10 }]);
  });

  test('passes on the filters; an empty one is none', async () => {
    await get('/api/logs?page=2&limit=100&userId=u%201&activityType=PAGE_VIEW');
    await get('/api/logs?page=&limit=&userId=&activityType=');
    expect(asked).toEqual([
      { page: 2, limit: 100, userId: 'u 1', activityType: 'PAGE_VIEW' },
      { page: 1, limit: 10 },
    ]);
  });

  test.each([
    ['page=0', 'page'],
    ['page=-1', 'page'],
    ['page=1.5', 'page'],
    ['page=1e3', 'page'],
    ['page=9999999', 'page'],
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=ten', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['activityType=NOPE', 'activityType'],
    ['activityType=login', 'activityType'],
    ['userId=%20', 'userId'],
    [`userId=${'x'.repeat(257)}`, 'userId'],
    ['userId=a&userId=b', 'userId'],
  ])('refuses %s', async (query, field) => {
    expect(await get(`/api/logs?${query}`)).toEqual([
      400,
      { error: 'Validation failed', details: [{ field, message: expect.any(String) }] },
    ]);
    expect(asked).toEqual([]);
  });

  test('takes an operator for text', async () => {
    await get('/api/logs?userId[$ne]=x&userId=%7B%22$ne%22:1%7D');
    expect(asked).toEqual([{ page: 1, limit: 10, userId: '{"$ne":1}' }]);
  });
});

describe('GET /api/logs/:id', () => {
  test('gives the log', async () => {
    expect(await get('/api/logs/e?userId=u')).toEqual([200, logAnswer]);
    expect(asked).toEqual([{ id: 'e', userId: 'u' }]);
  });

  test('is 404 for another', async () => {
    expect(await get('/api/logs/nope')).toEqual([404, { error: 'Activity log not found' }]);
  });
});

describe('GET /api/users/:userId/activity', () => {
  test('gives all that is known of the user', async () => {
    expect(await get('/api/users/u/activity')).toEqual([
      200,
      {
        userId: 'u',
        total: 3,
        byType: { LOGIN: 3 },
        firstSeen: '2026-01-02T03:04:05.678Z',
        lastSeen: '2026-01-02T03:04:05.678Z',
      },
    ]);
  });

  test('is 404 for another', async () => {
    expect(await get('/api/users/a%2Fb/activity')).toEqual([404, { error: 'User not found' }]);
    expect(asked).toEqual(['a/b']);
  });
});

describe.each(['/health', '/api/health'])('GET %s', (path) => {
  test('is 200 while MongoDB answers, and 503 otherwise', async () => {
    expect(await get(path)).toEqual([200, { status: 'ok', service: 'consumer' }]);
    up = false;
    expect(await get(path)).toEqual([
      503,
      expect.objectContaining({ status: 'unavailable', service: 'consumer' }),
    ]);
  });
});

describe('errors', () => {
  test.each<Error>([
    new MongoNetworkError('connection closed'),
    new MongoServerError({ message: 'operation exceeded time limit', code: 50 }),
    new MongoServerError({ message: 'not primary', code: 10_107 }),
  ])('%s is 503 with Retry-After', async (error) => {
    fault = error;
    const response = await app().request('/api/logs', { headers: { 'x-api-key': 'reader' } });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
  });

  test('anything else is 500, and does not tell what', async () => {
    fault = new MongoServerError({ message: 'secret', code: 2 });
    const [status, body] = await get('/api/logs');
    expect(status).toBe(500);
    expect(body).toEqual({ error: 'Internal server error', message: expect.not.stringContaining('secret') });
  });

  test('an unknown path is 404', async () => {
    expect(await get('/nope')).toEqual([404, { error: 'Path not found' }]);
  });
});

describe('keys', () => {
  test.each(['/api/logs', '/api/logs/e', '/api/users/u/activity'])(
    '%s needs one that may read',
    async (path) => {
      expect((await app().request(path)).status).toBe(401);
      expect((await get(path, 'writer'))[0]).toBe(403);
      expect((await get(path, 'reader'))[0]).toBe(200);
    },
  );

  test('health needs none', async () => {
    expect((await app().request('/api/health')).status).toBe(200);
  });
});
