import { MongoNetworkError, MongoServerError } from 'mongodb';
import { beforeEach, describe, expect, test } from 'vitest';
import { log, testApp, time } from './app.fixture.ts';
import type { TestApp } from './app.fixture.ts';

const iso = time.toISOString();
const logAnswer = { ...log, timestamp: iso, createdAt: iso };
let service: TestApp;

beforeEach(() => {
  service = testApp();
});

async function get(path: string, key = 'reader'): Promise<[number, Record<string, unknown>]> {
  const response = await service.app.request(path, { headers: { 'x-api-key': key } });
  return [response.status, (await response.json()) as Record<string, unknown>];
}

describe('GET /api/logs', () => {
  test('gives a page and how many there are', async () => {
    const [status, body] = await get('/api/logs');
    expect(status).toBe(200);
    expect(body).toEqual({
      data: [logAnswer],
      pagination: {
        page: 1,
        limit: 10,
        total: 21,
        totalIs: 'exact',
        pages: 3,
        next: expect.any(String),
        prev: null,
      },
    });
    expect(service.asked).toEqual([{ filter: {}, order: 'newest', limit: 10, skip: 0 }]);
  });

  test('passes on the filters', async () => {
    await get('/api/logs?page=2&limit=100&userId=u%201&activityType=PAGE_VIEW');
    expect(service.asked).toEqual([
      {
        filter: { userId: 'u 1', activityType: ['PAGE_VIEW'] },
        order: 'newest',
        limit: 100,
        skip: 100,
      },
    ]);
  });

  test('takes every filter', async () => {
    const query =
      'activityType=LOGIN&activityType=LOGOUT,ERROR&from=2026-01-02T03:04:05%2B01:00&to=1767323045678' +
      '&eventId=e&session=1024&device=mobile&country=de&ip=2001:DB8:1::/48&bot=false&sort=oldest';
    expect((await get(`/api/logs?${query}`))[0]).toBe(200);
    expect(service.asked).toEqual([
      {
        filter: {
          activityType: ['LOGIN', 'LOGOUT', 'ERROR'],
          from: new Date('2026-01-02T02:04:05Z'),
          to: time,
          eventId: 'e',
          session: 1024,
          device: 'mobile',
          country: 'DE',
          ip: '2001:db8:1::/48',
          bot: false,
        },
        order: 'oldest',
        limit: 10,
        skip: 0,
      },
    ]);
  });

  test.each(['%2B0200', '+0200', '%2B02', '+02:00', ' 02:00'])(
    'takes a time without seconds, and %s for its offset',
    async (offset) => {
      expect((await get(`/api/logs?from=2026-01-02T03:04${offset}`))[0]).toBe(200);
      expect(service.asked).toMatchObject([{ filter: { from: new Date('2026-01-02T01:04:00Z') } }]);
    },
  );

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
    ['activityType=LOGIN,NOPE', 'activityType'],
    ['userId=%20', 'userId'],
    [`userId=${'x'.repeat(769)}`, 'userId'],
    ['userId=a&userId=b', 'userId'],
    ['from=yesterday', 'from'],
    ['from=2026-01-02', 'from'],
    ['to=999999999999999', 'to'],
    ['from=1795380000', 'from'],
    ['to=0', 'to'],
    ['session=x', 'session'],
    ['session=9999999999999999', 'session'],
    ['country=Germany', 'country'],
    ['ip=1.2.3', 'ip'],
    ['ip=1.2.3.0/33', 'ip'],
    ['ip=2001:db8::/129', 'ip'],
    ['ip=1.2.3.0/', 'ip'],
    ['ip=999.2.3.0/24', 'ip'],
    ['bot=yes', 'bot'],
    ['sort=up', 'sort'],
    ['cursor=x', 'cursor'],
    [`cursor=${'x'.repeat(2_000)}`, 'cursor'],
  ])('refuses %s', async (query, field) => {
    const [status, body] = await get(`/api/logs?${query}`);
    expect(status).toBe(400);
    expect(body).toMatchObject({ error: 'Validation failed', details: [{ message: expect.any(String) }] });
    expect(String((body['details'] as { field: string }[])[0]?.field)).toMatch(new RegExp(`^${field}`));
    expect(service.asked).toEqual([]);
  });

  test('takes an operator for text', async () => {
    expect((await get('/api/logs?userId[$ne]=x'))[0]).toBe(400);
    await get('/api/logs?userId=%7B%22$ne%22:1%7D');
    expect(service.asked).toMatchObject([{ filter: { userId: '{"$ne":1}' } }]);
  });

  test('goes on from a cursor, of the same list only', async () => {
    const [, first] = await get('/api/logs?userId=u');
    const { next } = first['pagination'] as { next: string };
    service.asked.length = 0;
    const [status, second] = await get(`/api/logs?userId=u&cursor=${next}`);
    expect(status).toBe(200);
    expect(second['pagination']).not.toHaveProperty('page');
    expect(service.asked).toMatchObject([
      { skip: 0, beside: { side: 'after', position: { time: time.getTime(), id: 1024 } } },
    ]);
    for (const other of ['userId=v', 'userId=u&sort=oldest', 'userId=u&page=2', '']) {
      expect((await get(`/api/logs?${other}&cursor=${next}`))[0]).toBe(400);
    }
    const forged = `${next.slice(0, 5)}${next[5] === 'A' ? 'B' : 'A'}${next.slice(6)}`;
    expect((await get(`/api/logs?userId=u&cursor=${forged}`))[0]).toBe(400);
  });
});

describe('GET /api/logs/:id', () => {
  test('gives the log', async () => {
    expect(await get('/api/logs/e?userId=u')).toEqual([200, logAnswer]);
    expect(service.asked).toEqual([{ id: 'e', userId: 'u' }]);
  });

  test('is 404 for another, also when it was waited for', async () => {
    expect(await get('/api/logs/nope')).toEqual([404, { error: 'Activity log not found' }]);
    expect(await get('/api/logs/nope?wait=2s')).toEqual([404, { error: 'Activity log not found' }]);
  });

  test.each(['wait=2', 'wait=-1s', 'wait=1h', 'wait=11s', 'wait=10001ms'])('refuses %s', async (query) => {
    expect((await get(`/api/logs/e?${query}`))[0]).toBe(400);
  });
});

describe('GET /api/users/:userId/activity', () => {
  test('gives all that is known of the user', async () => {
    expect(await get('/api/users/u/activity')).toEqual([
      200,
      { userId: 'u', total: 3, byType: { LOGIN: 3 }, firstSeen: iso, lastSeen: iso, asOf: iso },
    ]);
  });

  test('is 404 for another', async () => {
    expect(await get('/api/users/a%2Fb/activity')).toEqual([404, { error: 'User not found' }]);
    expect(service.asked).toEqual(['a/b']);
  });
});

describe.each(['/health', '/api/health', '/readyz'])('GET %s', (path) => {
  test('is 200 while MongoDB answers, and 503 otherwise', async () => {
    expect(await get(path)).toEqual([200, { status: 'ok', service: 'consumer' }]);
    service.up = false;
    expect(await get(path)).toEqual([
      503,
      expect.objectContaining({ status: 'unavailable', service: 'consumer' }),
    ]);
  });
});

test('GET /livez is 200 whatever MongoDB does', async () => {
  service.up = false;
  expect(await get('/livez')).toEqual([200, { status: 'ok' }]);
});

test('GET /metrics counts requests by route, not by what was asked for', async () => {
  await get('/api/logs/e');
  await get('/api/logs/nope');
  await get('/nope');
  const text = await (await service.app.request('/metrics')).text();
  expect(text).toContain('activity_query_requests_total{method="GET",route="/api/logs/:id",status="200"} 1');
  expect(text).toContain('activity_query_requests_total{method="GET",route="/api/logs/:id",status="404"} 1');
  expect(text).toContain('activity_query_requests_total{method="ANY",route="unknown",status="404"} 1');
});

describe('errors', () => {
  test.each<Error>([
    new MongoNetworkError('connection closed'),
    new MongoServerError({ message: 'operation exceeded time limit', code: 50 }),
    new MongoServerError({ message: 'not primary', code: 10_107 }),
    // As the driver passes on what befalls a connection while it writes.
    Object.assign(new Error('This socket has been ended by the other party'), { code: 'EPIPE' }),
  ])('%s is 503 with Retry-After', async (error) => {
    service.fault = error;
    const response = await service.app.request('/api/logs', { headers: { 'x-api-key': 'reader' } });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
  });

  test('anything else is 500, and says nothing more', async () => {
    service.fault = new MongoServerError({ message: 'secret', code: 2 });
    const [status, body] = await get('/api/logs');
    expect(status).toBe(500);
    expect(body).toEqual({ error: 'Internal server error', message: expect.not.stringContaining('secret') });
    expect(service.logged.join('')).toContain('a read was refused');
    expect(service.logged.join('')).not.toContain('secret');
  });

  test('an unknown path is 404, a wrong method 405', async () => {
    expect(await get('/nope')).toEqual([404, { error: 'Path not found' }]);
    const response = await service.app.request('/api/logs', { method: 'PUT' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
  });
});

describe('parameters that would be ignored', () => {
  const paths = [
    '/api/logs',
    '/api/logs/e',
    '/api/logs/export',
    '/api/logs/tail',
    '/api/users/u/activity',
    '/api/users/u/timeline',
    '/api/stats/overview',
    '/api/stats/timeline',
    '/api/stats/types',
    '/api/stats/top-users',
    '/api/stats/active-users',
    '/api/pipeline',
    '/api/events/e/trace?userId=u',
  ];

  test.each(paths.flatMap((path) => ['userid=ada', 'user=', '__proto__=x'].map((one) => [path, one])))(
    '%s is 400 with %s, and names it',
    async (path, query) => {
      const [status, body] = await get(`${path}${path?.includes('?') ? '&' : '?'}${query}`);
      expect(status).toBe(400);
      expect(body['details']).toEqual([
        { field: query?.split('=')[0], message: expect.stringContaining('is not a parameter') },
      ]);
      expect(service.asked).toEqual([]);
    },
  );

  test.each([
    ['/api/logs', 'page'],
    ['/api/logs', 'limit'],
    ['/api/logs', 'cursor'],
    ['/api/logs', 'sort'],
    ['/api/logs', 'userId'],
    ['/api/logs', 'activityType'],
    ['/api/logs', 'from'],
    ['/api/logs', 'to'],
    ['/api/logs', 'eventId'],
    ['/api/logs', 'session'],
    ['/api/logs', 'device'],
    ['/api/logs', 'country'],
    ['/api/logs', 'ip'],
    ['/api/logs', 'bot'],
    ['/api/logs/e', 'wait'],
    ['/api/logs/export', 'format'],
    ['/api/logs/tail', 'lastEventId'],
    ['/api/stats/timeline', 'interval'],
    ['/api/stats/timeline', 'tz'],
    ['/api/stats/top-users', 'window'],
    ['/api/stats/active-users', 'days'],
  ])('%s is 400 with an empty %s', async (path, name) => {
    const [status, body] = await get(`${path}?${name}=`);
    expect(status).toBe(400);
    expect(JSON.stringify(body['details'])).toContain(`"field":"${name}`);
    expect(service.asked).toEqual([]);
  });

  test('probes and browsers may add their own to what is open to everyone', async () => {
    for (const path of ['/health?t=1', '/livez?t=1', '/docs?t=1']) {
      expect([path, (await service.app.request(path)).status]).toEqual([path, 200]);
    }
  });
});

describe('keys', () => {
  test.each(['/api/logs', '/api/logs/e', '/api/users/u/activity'])(
    '%s needs one that may read',
    async (path) => {
      expect((await service.app.request(path)).status).toBe(401);
      expect((await get(path, 'writer'))[0]).toBe(403);
      expect((await get(path, 'reader'))[0]).toBe(200);
    },
  );

  test('health needs none', async () => {
    expect((await service.app.request('/api/health')).status).toBe(200);
  });
});

test('every answer says how browsers are to treat it, and which request it answers', async () => {
  const headers = { 'x-api-key': 'reader', 'x-request-id': 'mine' };
  const response = await service.app.request('/api/logs', { headers });
  expect(response.headers.get('x-request-id')).toBe('mine');
  for (const path of ['/api/logs', '/nope', '/health', '/docs']) {
    const { headers: own } = await service.app.request(path, { headers });
    expect(own.get('content-security-policy')).toMatch(/^default-src 'none'/);
    expect(own.get('x-content-type-options')).toBe('nosniff');
    expect(own.get('cache-control')).toBe('no-store');
  }
});
