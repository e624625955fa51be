import { rawCommand } from '@activity/contracts';
import { FailureError } from '@activity/service';
import { beforeEach, describe, expect, test } from 'vitest';
import { testEdge } from '../app.fixture.ts';
import type { TestEdge } from '../app.fixture.ts';

let edge: TestEdge;
beforeEach(() => {
  edge = testEdge();
});

async function remove(path: string): Promise<[number, unknown]> {
  const response = await edge.app.request(path, { method: 'DELETE' });
  return [response.status, await response.json()];
}

const requestedAt = '2026-01-02T03:04:05.678Z';

describe('DELETE /api/logs/:id', () => {
  test('sends a command to the partition that the id names', async () => {
    const id = 7 * 1024 + 3;
    expect(await remove(`/api/logs/${id}`)).toEqual([
      202,
      { success: true, message: 'Activity log deletion accepted', commandId: 5 * 1024 + 2 },
    ]);
    const [record] = edge.written;
    expect(record).toMatchObject({ key: undefined, partition: 3 });
    expect(rawCommand.parse(JSON.parse(String(record?.value)))).toEqual({
      command: 'delete-log',
      id,
      requestedAt,
    });
  });

  test.each(['x', '-1', '1.5', '1e3', '99999999999999999', '9007199254740992', 'a%20b'])(
    'refuses %s',
    async (id) => {
      expect(await remove(`/api/logs/${id}`)).toEqual([
        400,
        { error: 'Validation failed', details: [{ field: 'id', message: expect.any(String) }] },
      ]);
      expect(edge.written).toEqual([]);
    },
  );

  test('notes who deletes, before the command is sent; without that, nothing is sent', async () => {
    await remove('/api/logs/7171');
    expect(edge.noted).toEqual([
      {
        action: 'log.deleted',
        target: '7171',
        details: {},
        identity: expect.objectContaining({ keyId: undefined }),
        at: Date.parse(requestedAt),
        after: 0,
      },
    ]);
    edge.written.length = 0;
    edge.noteError = new FailureError({ kind: 'unavailable', message: 'away', retryAfterSeconds: 1 });
    expect((await remove('/api/logs/7171'))[0]).toBe(503);
    expect((await remove('/api/users/ann'))[0]).toBe(503);
    expect(edge.written).toEqual([]);
  });

  test('notes an erasure by its time: the id of the user would outlast it', async () => {
    await remove('/api/users/ann');
    expect(edge.noted).toMatchObject([{ action: 'user.erased', target: requestedAt, after: 0 }]);
    expect(JSON.stringify(edge.noted)).not.toContain('ann');
  });

  test('is 404 where the topic has no such partition', async () => {
    edge.result = { kind: 'no-partition' };
    expect(await remove('/api/logs/1023')).toEqual([404, { error: 'Activity log not found' }]);
  });
});

describe('DELETE /api/logs/:id?userId=', () => {
  function edgeAsking(
    answer: () => Promise<Response>,
    trace: object = { state: 'unknown', log: null, unanswered: [] },
  ): void {
    const isTrace = (url: string): boolean => new URL(url).pathname === '/api/events/trace';
    edge = testEdge({
      queryUrl: 'http://query',
      fetch: async ({ url }) => (isTrace(url) ? Response.json(trace) : answer()),
    });
  }

  test.each(['my-event', '3075', 'a/b'])(
    'deletes the log of the user whose eventId is %s',
    async (eventId) => {
      edgeAsking(async () => Response.json({ _id: 7 * 1024 + 3 }));
      const path = `/api/logs/${encodeURIComponent(eventId)}?userId=me%26you`;
      expect(await remove(path)).toEqual([
        202,
        { success: true, message: 'Activity log deletion accepted', commandId: 5 * 1024 + 2 },
      ]);
      expect(JSON.parse(String(edge.written[0]?.value))).toMatchObject({ command: 'delete-log', id: 7171 });
      const asked = new URL(edge.forwarded[0]?.url ?? '');
      expect(decodeURIComponent(asked.pathname)).toBe(`/api/logs/${eventId}`);
      expect(asked.searchParams.get('userId')).toBe('me&you');
    },
  );

  test.each(['.', '..', 'my-event'])('takes the event as a parameter too: %s', async (eventId) => {
    const found = { _id: 7 * 1024 + 3 };
    edgeAsking(async () => Response.json(eventId.startsWith('.') ? { data: [found] } : found));
    expect((await remove(`/api/logs?eventId=${eventId}&userId=me`))[0]).toBe(202);
    expect(JSON.parse(String(edge.written[0]?.value))).toMatchObject({ command: 'delete-log', id: 7171 });
    const asked = new URL(edge.forwarded[0]?.url ?? '');
    expect(asked.searchParams.get('userId')).toBe('me');
    expect(asked.searchParams.get('eventId') ?? asked.pathname.split('/').at(-1)).toBe(eventId);
  });

  test('is 404 where the list has no such event', async () => {
    edgeAsking(async () => Response.json({ data: [] }));
    expect((await remove('/api/logs?eventId=..&userId=me'))[0]).toBe(404);
    expect(edge.written).toEqual([]);
  });

  const absent = async (): Promise<Response> => Response.json({ error: 'none' }, { status: 404 });

  test.each(['accepted', 'processed', 'stored'])(
    'deletes a log that is not found yet by its number, as the event is %s',
    async (state) => {
      edgeAsking(absent, { state, log: 7 * 1024 + 3, unanswered: [] });
      expect((await remove('/api/logs/a%2Fb?userId=me%26you'))[0]).toBe(202);
      expect(JSON.parse(String(edge.written[0]?.value))).toMatchObject({ command: 'delete-log', id: 7171 });
      const { searchParams } = new URL(edge.forwarded[1]?.url ?? '');
      expect(Object.fromEntries(searchParams)).toEqual({ eventId: 'a/b', userId: 'me&you' });
    },
  );

  test.each(['deleted', 'erased', 'dead-lettered', 'lost'])(
    'is 404 for an event that is %s',
    async (state) => {
      edgeAsking(absent, { state, log: 7171, unanswered: [] });
      expect(await remove('/api/logs/e?userId=u')).toEqual([404, { error: 'none' }]);
      expect(edge.written).toEqual([]);
    },
  );

  test('is 503 where the log is not found, and the event may be on its way', async () => {
    edgeAsking(absent, { state: 'unknown', log: null, unanswered: ['supervisor'] });
    expect(await remove('/api/logs/e?userId=u')).toEqual([
      503,
      expect.objectContaining({ message: expect.stringContaining('nothing was deleted') as string }),
    ]);
    expect(edge.written).toEqual([]);
  });

  test.each(['', '?userId=u', '?eventId=e', '?eventId=e&userId=', '?eventId=%ff&userId=u'])(
    'refuses /api/logs%s',
    async (query) => {
      edgeAsking(async () => Response.json({ _id: 1 }));
      expect((await remove(`/api/logs${query}`))[0]).toBe(400);
      expect(edge.written).toEqual([]);
    },
  );

  test('asks with the key of whoever deletes', async () => {
    edgeAsking(async () => Response.json({ _id: 1 }));
    await edge.app.request('/api/logs/e?userId=u', { method: 'DELETE', headers: { 'x-api-key': 'k' } });
    expect(edge.forwarded[0]?.headers.get('x-api-key')).toBe('k');
  });

  test.each([404, 403])(
    'returns what the query service says with %i, and deletes nothing',
    async (status) => {
      edgeAsking(async () => Response.json({ error: 'its words' }, { status }));
      expect(await remove('/api/logs/e?userId=u')).toEqual([status, { error: 'its words' }]);
      expect(edge.written).toEqual([]);
    },
  );

  test.each<[string, () => Promise<Response>]>([
    ['does not answer', async () => Promise.reject(new TypeError('fetch failed'))],
    ['is broken', async () => Response.json({}, { status: 500 })],
    ['answers with no number', async () => Response.json({ _id: 'x' })],
    ['answers with no JSON', async () => new Response('<h1>Bad gateway</h1>', { status: 502 })],
  ])('is 503 where the query service %s', async (_, answer) => {
    edgeAsking(answer);
    expect((await remove('/api/logs/e?userId=u'))[0]).toBe(503);
    expect(edge.written).toEqual([]);
  });

  test('is 503 without a query service, and 400 for an empty user', async () => {
    expect((await remove('/api/logs/e?userId=u'))[0]).toBe(503);
    expect((await remove('/api/logs/3075?userId='))[0]).toBe(400);
    expect((await remove('/api/logs/3075?userId=%ff'))[0]).toBe(400);
    expect(edge.written).toEqual([]);
  });
});

describe('DELETE /api/users/:userId', () => {
  test('sends a command under the user’s key', async () => {
    expect(await remove('/api/users/%20a%2Fb%20')).toEqual([
      202,
      { success: true, message: 'User erasure accepted', commandId: 5 * 1024 + 2 },
    ]);
    const [record] = edge.written;
    expect(String(record?.key)).toBe('a/b');
    expect(record?.partition).toBeUndefined();
    expect(rawCommand.parse(JSON.parse(String(record?.value)))).toEqual({
      command: 'erase-user',
      userId: 'a/b',
      requestedAt,
    });
  });

  test.each([
    ['%2E', '.'],
    ['..', '..'],
    ['a%2Fb', 'a/b'],
    ['%E2%98%83', '☃'],
  ])('takes the user as a parameter too: %s', async (given, userId) => {
    expect((await remove(`/api/users?userId=${given}`))[0]).toBe(202);
    expect(String(edge.written[0]?.key)).toBe(userId);
  });

  test.each([
    '/api/users',
    '/api/users?userId=',
    '/api/users?userId=%ff',
    '/api/users?userId=%',
    '/api/users/%ff',
    '/api/users/%',
    '/api/users/a%2',
    '/api/logs/%ff',
  ])('refuses %s', async (path) => {
    expect((await remove(path))[0]).toBe(400);
    expect(edge.written).toEqual([]);
  });

  test.each(['%20', 'x'.repeat(769)])('refuses %s', async (user) => {
    expect((await remove(`/api/users/${user}`))[0]).toBe(400);
  });
});

test('a command that is not acknowledged is not accepted', async () => {
  edge.result = { kind: 'unavailable', reason: 'deadline' };
  expect((await remove('/api/logs/1'))[0]).toBe(503);
  edge.result = { kind: 'written', partition: 0, offset: undefined };
  expect(await remove('/api/logs/1')).toEqual([
    202,
    { success: true, message: 'Activity log deletion accepted' },
  ]);
});
