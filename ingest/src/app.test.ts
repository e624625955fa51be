import { isStorable, maxRawValues } from '@activity/contracts';
import type { Hono } from 'hono';
import { beforeEach, describe, expect, test } from 'vitest';
import { testEdge } from './app.fixture.ts';
import type { TestEdge } from './app.fixture.ts';
import type { WriteResult } from './kafka/partition-lane.ts';

const receivedAt = '2026-01-02T03:04:05.678Z';
const now = Date.parse(receivedAt);

let edge: TestEdge;
let answer: () => Promise<Response>;

beforeEach(() => {
  answer = async () => Response.json({ data: [] }, { headers: { etag: '"1"', 'content-encoding': 'gzip' } });
  edge = testEdge({ maxEventBytes: 1_000 });
});

function forwarding(): Hono {
  edge = testEdge({ queryUrl: 'http://query:1', fetch: async () => answer() });
  return edge.app;
}

async function post(
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return edge.app.request('/api/logs', { method: 'POST', body, headers });
}

const minimal = { userId: 'u1', activityType: 'LOGIN' };

describe('POST /api/logs', () => {
  test('answers 201 and the event id, and writes the stamped event under the user’s key', async () => {
    const response = await post(JSON.stringify(minimal));
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({
      success: true,
      message: 'Activity log published successfully',
      eventId: 'made-id',
    });
    expect(edge.written).toHaveLength(1);
    expect(String(edge.written[0]?.key)).toBe('u1');
    expect(edge.written[0]?.timestamp).toBe(now);
    expect(JSON.parse(String(edge.written[0]?.value))).toEqual({
      ...minimal,
      eventId: 'made-id',
      metadata: {},
      timestamp: receivedAt,
      receivedAt,
      timestampGiven: false,
    });
  });

  test('says that a time was the client’s where it is by chance that of the receipt', async () => {
    await post(JSON.stringify({ ...minimal, timestamp: receivedAt }));
    await post(JSON.stringify({ ...minimal, timestamp: now - 1 }));
    const written = edge.written.map(({ value }) => JSON.parse(value) as Record<string, unknown>);
    expect(written.map(({ timestampGiven }) => timestampGiven)).toEqual([true, undefined]);
  });

  test('keeps the client’s id and metadata, and normalises its time', async () => {
    const metadata = {
      device: 'x',
      ip: '1.2.3.4',
      location: null,
      deep: { list: [1, 'two', { 'a.b': true }] },
    };
    const body = {
      ...minimal,
      userId: ' u1 ',
      metadata,
      eventId: 'mine',
      timestamp: '2026-01-01T01:00:00.1234+02:00',
    };
    expect(await (await post(JSON.stringify(body))).json()).toMatchObject({ eventId: 'mine' });
    expect(JSON.parse(String(edge.written[0]?.value))).toEqual({
      ...minimal,
      eventId: 'mine',
      metadata,
      timestamp: '2025-12-31T23:00:00.123Z',
      receivedAt,
    });
  });

  const long = '日'.repeat(257);
  test.each<[string, unknown, string, RegExp]>([
    ['nothing', '', 'body', /valid JSON/],
    ['half an object', '{"userId":', 'body', /valid JSON/],
    ['a list', [], 'body', /expected object/],
    ['null', 'null', 'body', /expected object/],
    ['no user', { activityType: 'LOGIN' }, 'userId', /expected string/],
    ['an empty user', { ...minimal, userId: '  ' }, 'userId', /must not be empty/],
    ['a long user', { ...minimal, userId: long }, 'userId', /768 bytes of UTF-8, and has 771/],
    ['a number for a user', { ...minimal, userId: 1 }, 'userId', /expected string/],
    ['half a character', '{"userId":"\\ud800","activityType":"LOGIN"}', 'userId', /Unicode/],
    ['an unknown type', { ...minimal, activityType: 'NOPE' }, 'activityType', /LOGIN/],
    ['a long id', { ...minimal, eventId: long }, 'eventId', /768 bytes of UTF-8, and has 771/],
    ['no date', { ...minimal, timestamp: 'yesterday' }, 'timestamp', /ISO-8601/],
    ['a date without an offset', { ...minimal, timestamp: '2026-01-01T00:00:00' }, 'timestamp', /ISO-8601/],
    ['the 30th of February', { ...minimal, timestamp: '2026-02-30T00:00:00Z' }, 'timestamp', /ISO-8601/],
    ['a time before 1970', { ...minimal, timestamp: '1969-12-31T23:59:59Z' }, 'timestamp', /2000 to 9999/],
    ['a clock never set', { ...minimal, timestamp: '1999-12-31T23:59:59Z' }, 'timestamp', /2000 to 9999/],
    ['a time beyond all dates', { ...minimal, timestamp: 9e15 }, 'timestamp', /2000 to 9999/],
    ['epoch seconds', { ...minimal, timestamp: 1_795_390_000 }, 'timestamp', /looks like seconds/],
    [
      'epoch seconds with a fraction',
      { ...minimal, timestamp: 1_795_390_000.5 },
      'timestamp',
      /ISO-8601|integer|int/,
    ],
    ['the number 0', { ...minimal, timestamp: 0 }, 'timestamp', /looks like seconds/],
    ['milliseconds before 2000', { ...minimal, timestamp: 400_000_000_000 }, 'timestamp', /2000 to 9999/],
    ['metadata that is a list', { ...minimal, metadata: [] }, 'metadata', /must be an object/],
    ['an operator', { ...minimal, metadata: { a: { $set: 1 } } }, 'metadata.a.$set', /start with \$/],
    ['NUL in a name', { ...minimal, metadata: { 'a\0': 1 } }, 'metadata.a\0', /NUL/],
    [
      'a prototype',
      '{"userId":"u","activityType":"LOGIN","metadata":{"__proto__":{}}}',
      'metadata.__proto__',
      /__proto__/,
    ],
    [
      '2^53 + 1',
      '{"userId":"u","activityType":"LOGIN","metadata":{"n":9007199254740993}}',
      'metadata.n',
      /2\^53/,
    ],
    ['1e400', '{"userId":"u","activityType":"LOGIN","metadata":{"n":1e400}}', 'metadata.n', /64 bits/],
    [
      'too deep',
      `{"userId":"u","activityType":"LOGIN","metadata":${'['.repeat(40)}${']'.repeat(40)}}`,
      'metadata',
      /deeper/,
    ],
  ])('refuses %s', async (_, body, field, message) => {
    const response = await post(typeof body === 'string' ? body : JSON.stringify(body));
    expect(response.status).toBe(400);
    const answered: unknown = await response.json();
    expect(answered).toMatchObject({ error: 'Validation failed' });
    expect(answered).toHaveProperty('details', [
      { field: expect.stringContaining(field), message: expect.stringMatching(message) },
    ]);
    expect(edge.written).toEqual([]);
  });

  test.each([
    ['eventID', 'eventId'],
    ['event_id', 'eventId'],
    ['event-id', 'eventId'],
    ['EventId', 'eventId'],
    ['userid', 'userId'],
    ['USER_ID', 'userId'],
    ['user.id', 'userId'],
    ['activity_type', 'activityType'],
    ['Metadata', 'metadata'],
    ['meta_data', 'metadata'],
    ['TimeStamp', 'timestamp'],
    ['time stamp', 'timestamp'],
  ])('refuses the field %s, and says that %s is meant', async (name, meant) => {
    const response = await post(JSON.stringify({ ...minimal, [name]: 'x' }));
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      error: 'Validation failed',
      details: [{ field: name, message: `is not a field of an event: write ${meant}` }],
    });
    expect(edge.written).toEqual([]);
  });

  test('says which field is meant also where it is missed', async () => {
    const response = await post(JSON.stringify({ user_id: 'u', activityType: 'LOGIN' }));
    expect(await response.json()).toHaveProperty('details', [
      { field: 'user_id', message: 'is not a field of an event: write userId' },
      expect.objectContaining({ field: 'userId' }),
    ]);
  });

  test('keeps every other field in the metadata, overwrites nothing there, and says so', async () => {
    const body = { ...minimal, metadata: { plan: 'free' }, plan: 'pro', properties: { a: 1 }, id: 7 };
    const response = await post(JSON.stringify(body));
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({
      success: true,
      message: 'Activity log published successfully',
      eventId: 'made-id',
      movedToMetadata: ['plan', 'properties', 'id'],
    });
    expect(JSON.parse(String(edge.written[0]?.value))).toMatchObject({
      metadata: { plan: 'free', plan_: 'pro', properties: { a: 1 }, id: 7 },
    });
  });

  test('refuses a field that would be nested too deeply in the metadata', async () => {
    const edgeOfDepth = `${'['.repeat(31)}${']'.repeat(31)}`;
    const inMetadata = `{"userId":"u","activityType":"LOGIN","metadata":${edgeOfDepth.replace(/^\[(.*)\]$/, '{"a":$1}')}}`;
    expect((await post(inMetadata)).status).toBe(201);
    const response = await post(`{"userId":"u","activityType":"LOGIN","extra":${edgeOfDepth}}`);
    expect(response.status).toBe(400);
  });

  test('what is taken is never too much for the processor: it has more fields then', async () => {
    const metadata = Object.fromEntries(Array.from({ length: 996 }, (_, index) => [`f${index}`, 1]));
    edge = testEdge();
    expect((await post(JSON.stringify({ ...minimal, metadata: { ...metadata, f996: 1 } }))).status).toBe(400);
    expect((await post(JSON.stringify({ ...minimal, metadata }))).status).toBe(201);
    expect(isStorable(JSON.parse(String(edge.written[0]?.value)), maxRawValues)).toBe(true);
    edge = testEdge();
    const loose = Object.fromEntries(Array.from({ length: 997 }, (_, index) => [`f${index}`, 1]));
    expect((await post(JSON.stringify({ ...minimal, ...loose }))).status).toBe(201);
    expect(isStorable(JSON.parse(String(edge.written[0]?.value)), maxRawValues)).toBe(true);
  });

  test.each<[string | undefined, number]>([
    [undefined, 201],
    ['application/json', 201],
    ['Application/JSON; charset=utf-8', 201],
    ['application/vnd.events+json', 201],
    ['text/plain;charset=UTF-8', 201],
    ['application/x-www-form-urlencoded', 201],
    ['application/xml', 415],
    ['multipart/form-data; boundary=x', 415],
    ['text/html', 415],
    ['image/png', 415],
  ])('sent as %s is %i', async (type, status) => {
    const body = Buffer.from(JSON.stringify(minimal));
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
    expect((await post(Uint8Array.from(body), headers)).status).toBe(status);
  });

  test.each([
    ['2026-01-01T02:00:00+0200', '2026-01-01T00:00:00.000Z'],
    ['2026-01-01T02:00:00+02', '2026-01-01T00:00:00.000Z'],
    ['2026-01-01T02:00+02:00', '2026-01-01T00:00:00.000Z'],
    ['2026-01-01T00:00Z', '2026-01-01T00:00:00.000Z'],
    ['2026-01-01t00:00:00,5z', '2026-01-01T00:00:00.500Z'],
    ['2026-01-01T00:00:00.123456789-0030', '2026-01-01T00:30:00.123Z'],
  ])('takes the time %s as %s', async (timestamp, normalised) => {
    expect((await post(JSON.stringify({ ...minimal, timestamp }))).status).toBe(201);
    expect(JSON.parse(String(edge.written[0]?.value))).toMatchObject({ timestamp: normalised });
  });

  test('refuses bytes that are not UTF-8', async () => {
    const response = await post(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]));
    expect(response.status).toBe(400);
    expect(await response.json()).toHaveProperty('details', [{ field: 'body', message: 'must be UTF-8' }]);
  });

  test('lists all that is wrong', async () => {
    const response = await post('{"userId":"","timestamp":"x"}');
    expect(await response.json()).toHaveProperty('details', [
      expect.objectContaining({ field: 'userId' }),
      expect.objectContaining({ field: 'activityType' }),
      expect.objectContaining({ field: 'timestamp' }),
    ]);
  });

  test('takes a body of the limit and refuses a byte more, whether it says its length or not', async () => {
    const frame = JSON.stringify({ ...minimal, metadata: { pad: '' } }).length;
    const fitting = JSON.stringify({ ...minimal, metadata: { pad: 'x'.repeat(1_000 - frame) } });
    expect((await post(fitting)).status).toBe(201);
    expect((await post(`${fitting} `)).status).toBe(413);
    expect((await post(fitting, { 'content-length': '1001' })).status).toBe(413);
  });

  test.each<[WriteResult, number, RegExp]>([
    [{ kind: 'too-large' }, 413, /broker/],
    [{ kind: 'unavailable', reason: 'deadline' }, 503, /this eventId/],
    [{ kind: 'unavailable', reason: 'overloaded' }, 503, /later/],
    [{ kind: 'unavailable', reason: 'closed' }, 503, /stopping/],
  ])('says 201 to nothing that was not written: %o', async (given, status, message) => {
    edge.result = given;
    const response = await post(JSON.stringify(minimal));
    expect(response.status).toBe(status);
    expect(response.headers.get('retry-after')).toBe(status === 503 ? '1' : null);
    expect(await response.json()).toMatchObject({ message: expect.stringMatching(message) });
  });

  test('gives the id with a 503, so that the client can send the event again without doubling it', async () => {
    edge.result = { kind: 'unavailable', reason: 'deadline' };
    expect(await (await post(JSON.stringify(minimal))).json()).toMatchObject({ eventId: 'made-id' });
  });
});

describe.each(['/health', '/api/health'])('GET %s', (path) => {
  test('is 200 while events can be accepted', async () => {
    const response = await edge.app.request(path);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ok', service: 'producer' });
  });

  test('says what an operator must know', async () => {
    edge.warning = 'the clock is ahead';
    const response = await edge.app.request(path);
    const body: unknown = await response.json();
    expect(body).toEqual({ status: 'ok', service: 'producer', warning: 'the clock is ahead' });
  });

  test('is 503 otherwise, with the reason', async () => {
    edge.readiness = { ready: false, reason: 'no broker' };
    const response = await edge.app.request(path);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      status: 'unavailable',
      service: 'producer',
      reason: 'no broker',
    });
    expect(edge.forwarded).toEqual([]);
  });
});

describe('GET /api/*', () => {
  test('is forwarded to the query service, with its parameters and none of the edge’s headers', async () => {
    const response = await forwarding().request('/api/logs/a%2Fb?userId=x%26y', {
      headers: { accept: 'a/b', cookie: 'c=1', host: 'edge' },
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ data: [] });
    expect(response.headers.get('etag')).toBe('"1"');
    expect(response.headers.get('content-encoding')).toBeNull();
    expect(edge.forwarded[0]?.url).toBe('http://query:1/api/logs/a%2Fb?userId=x%26y');
    expect(edge.forwarded[0]?.headers.get('accept')).toBe('a/b');
    expect(edge.forwarded[0]?.headers.get('cookie')).toBeNull();
  });

  test('takes the page’s session along, and no other cookie', async () => {
    const cookie = 'c=1; activity_session=a.b; d=2';
    await forwarding().request('/api/session', { headers: { cookie } });
    expect(edge.forwarded[0]?.headers.get('cookie')).toBe('activity_session=a.b');
  });

  test('says by which protocol the client came, unless a proxy has said so', async () => {
    const app = forwarding();
    await app.request('https://edge/api/session');
    await app.request('http://edge/api/session');
    await app.request('http://edge/api/session', { headers: { 'x-forwarded-proto': 'https' } });
    const said = edge.forwarded.map(({ headers }) => headers.get('x-forwarded-proto'));
    expect(said).toEqual(['https', 'http', 'https']);
  });

  test('signs in to the page and out of it, saying where the request came from', async () => {
    const headers = {
      host: 'edge.example',
      origin: 'https://edge.example',
      'sec-fetch-site': 'same-origin',
      'x-forwarded-proto': 'https',
      'content-type': 'application/json',
    };
    const app = forwarding();
    await app.request('/api/session', { method: 'POST', headers, body: '{"key":"k"}' });
    await app.request('/api/session', { method: 'DELETE', headers });
    const [signIn, signOut] = edge.forwarded;
    expect(await signIn?.text()).toBe('{"key":"k"}');
    expect([signIn?.method, signOut?.method]).toEqual(['POST', 'DELETE']);
    expect(Object.fromEntries(signIn?.headers ?? [])).toMatchObject({
      origin: 'https://edge.example',
      'sec-fetch-site': 'same-origin',
      'x-forwarded-host': 'edge.example',
      'x-forwarded-proto': 'https',
      'content-type': 'application/json',
    });
  });

  test('passes on the query service’s own errors', async () => {
    answer = async () => Response.json({ error: 'Activity log not found' }, { status: 404 });
    const response = await forwarding().request('/api/logs/1');
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ error: 'Activity log not found' });
  });

  test('is 503 where the query service does not answer', async () => {
    answer = async () => Promise.reject(new TypeError('fetch failed'));
    const response = await forwarding().request('/api/logs');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
  });

  test('is refused without a query service', async () => {
    expect((await edge.app.request('/api/logs')).status).toBe(405);
    const response = await edge.app.request('/api/users/u/activity');
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ error: 'Path not found' });
  });
});
