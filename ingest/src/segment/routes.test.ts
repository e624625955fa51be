import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { testEdge } from '../app.fixture.ts';
import type { TestEdge } from '../app.fixture.ts';

const receivedAt = '2026-01-02T03:04:05.678Z';

async function post(
  edge: TestEdge,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; retryAfter: string | null; body: unknown }> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await edge.app.request(path, { method: 'POST', body: text, headers });
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    body: await response.json(),
  };
}

function written(edge: TestEdge): unknown[] {
  return edge.written.map(({ value }) => JSON.parse(value) as unknown);
}

test.each([
  ['/v1/track', { event: 'LOGIN' }, 'LOGIN'],
  ['/v1/t', { event: 'LOGIN' }, 'LOGIN'],
  ['/v1/identify', {}, 'IDENTIFY'],
  ['/v1/i', {}, 'IDENTIFY'],
  ['/v1/page', {}, 'PAGE_VIEW'],
  ['/v1/p', {}, 'PAGE_VIEW'],
  ['/v1/screen', {}, 'SCREEN'],
  ['/v1/s', {}, 'SCREEN'],
  ['/v1/group', { groupId: 'g' }, 'GROUP'],
  ['/v1/g', { groupId: 'g' }, 'GROUP'],
  ['/v1/alias', { previousId: 'p' }, 'ALIAS'],
  ['/v1/a', { previousId: 'p' }, 'ALIAS'],
])('%s', async (path, more, activityType) => {
  const edge = testEdge();
  const { anonymousId, ...metadata } = { anonymousId: 'a', ...more, event: undefined };
  expect(await post(edge, path, { anonymousId, messageId: 'm', ...more })).toMatchObject({
    status: 200,
    body: { success: true },
  });
  expect(edge.written).toMatchObject([{ key: 'a', partition: undefined }]);
  expect(written(edge)).toEqual([
    {
      eventId: 'm',
      userId: 'a',
      activityType,
      metadata: { anonymousId, ...JSON.parse(JSON.stringify(metadata)) },
      timestamp: receivedAt,
      receivedAt,
      timestampGiven: false,
    },
  ]);
});

test.each(['/v1/batch', '/v1/b', '/v1/import'])('%s', async (path) => {
  const edge = testEdge();
  const batch = [
    { type: 'track', event: 'LOGIN', userId: 'u', messageId: 'm-0', timestamp: '2026-01-02T04:00:00Z' },
    { type: 'page', userId: 'v', timestamp: '2026-01-02T03:00:00Z', sentAt: '2026-01-02T03:04:05Z' },
  ];
  const body = { batch, sentAt: '2026-01-02T04:04:05.678Z', context: { locale: 'de' }, writeKey: 'k' };
  expect(await post(edge, path, body, { 'content-type': 'text/plain' })).toMatchObject({
    status: 200,
    body: { success: true },
  });
  expect(written(edge)).toEqual([
    {
      eventId: 'm-0',
      userId: 'u',
      activityType: 'LOGIN',
      metadata: { locale: 'de' },
      timestamp: '2026-01-02T03:00:00.000Z',
      receivedAt,
      timestampCorrected: true,
    },
    {
      eventId: 'made-id',
      userId: 'v',
      activityType: 'PAGE_VIEW',
      metadata: { locale: 'de' },
      timestamp: '2026-01-02T03:00:00.000Z',
      receivedAt,
    },
  ]);
});

test('a packed batch, and one of nothing', async () => {
  const edge = testEdge();
  const body = gzipSync(JSON.stringify({ batch: [{ type: 'page', userId: 'u' }] }));
  const headers = { 'content-encoding': 'gzip', 'content-type': 'application/x-www-form-urlencoded' };
  expect((await edge.app.request('/v1/batch', { method: 'POST', body, headers })).status).toBe(200);
  expect(edge.written).toHaveLength(1);
  expect(await post(edge, '/v1/batch', { batch: [] })).toMatchObject({
    status: 200,
    body: { success: true },
  });
});

test('what cannot be read goes to the dead letters with its reason, and costs no other', async () => {
  const edge = testEdge();
  const items = [
    '{"type":"track","userId":"u","n":9007199254740993}',
    '{"type":"page","userId":"good","messageId":"m"}',
    '7',
    `{"type":"page","userId":"u","messageId":"${'x'.repeat(800)}"}`,
    '{"type":"page","userId":"u","properties":{"$set":1}}',
    `{"type":"page","userId":"big","properties":{"text":"${'x'.repeat(40_000)}"}}`,
    `{"type":"page","userId":"u","properties":[${'0,'.repeat(2_000)}0]}`,
  ];
  const { status, body } = await post(edge, '/v1/batch', `{"batch":[${items.join(',')}]}`);
  expect(status).toBe(200);
  const reasons = [
    [0, 'event: must be the name of what happened'],
    [2, 'body: must be an object'],
    [3, 'eventId: must not be longer than 768 bytes of UTF-8, and has 800'],
    [4, 'metadata.$set: field names must not start with $'],
    [5, 'an event must not exceed 32768 bytes'],
    [6, 'body: must not hold more than 1000 values'],
  ].map(([index, reason]) => ({ index, reason }));
  expect(body).toEqual({ success: true, deadLettered: 6, reasons });
  const values = edge.written.map(({ value }) => value);
  expect(values).toHaveLength(7);
  for (const { index, reason } of reasons)
    expect(values).toContain(`{"refused":${JSON.stringify(reason)},"item":${items[Number(index)]}}`);
  expect(await metric(edge, 'activity_ingest_events_accepted_total')).toBe(1);
  expect(await metric(edge, 'activity_ingest_events_refused_total{reason="invalid"}')).toBe(5);
  expect(await metric(edge, 'activity_ingest_events_refused_total{reason="too-large"}')).toBe(1);
});

async function metric(edge: TestEdge, name: string): Promise<number> {
  const text = await edge.registry.metrics();
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length),
  );
}

test('a type that is not known is written as an event: the processor refuses it, and it can be replayed', async () => {
  const edge = testEdge();
  const call = { event: 'Order Completed', userId: 'u', messageId: 'm', properties: { total: 5 } };
  const { status, body } = await post(edge, '/v1/track', call);
  expect([status, body]).toEqual([
    200,
    {
      success: true,
      deadLettered: 1,
      reasons: [{ index: 0, reason: expect.stringMatching(/^activityType: /) }],
    },
  ]);
  expect(edge.written).toMatchObject([{ key: 'u' }]);
  expect(written(edge)).toMatchObject([
    { eventId: 'm', userId: 'u', activityType: 'Order Completed', metadata: { total: 5 }, receivedAt },
  ]);
});

test('who may send events cannot send a command', async () => {
  const edge = testEdge();
  const command = { command: 'erase-user', userId: 'victim', requestedAt: receivedAt };
  await post(edge, '/v1/batch', { batch: [command, { type: 'page', ...command }] });
  for (const value of written(edge)) expect(value).not.toHaveProperty('command');
  expect(edge.written).toHaveLength(2);
});

test.each([
  ['/v1/batch', '{"batch":[{"type":"page"', 400],
  ['/v1/batch', '{"batch":[{"type":"page",}]}', 400],
  ['/v1/batch', '[]', 400],
  ['/v1/batch', '{"batch":{}}', 400],
  ['/v1/batch', '{}', 400],
  ['/v1/batch', `{"batch":[${'{},'.repeat(2_500)}{}]}`, 413],
  ['/v1/batch', `{"batch":["${'x'.repeat(530_000)}"]}`, 413],
  ['/v1/track', 'event=LOGIN', 400],
  ['/v1/track', '[]', 400],
])('%s with %.40s is refused whole', async (path, body, status) => {
  const edge = testEdge();
  expect(await post(edge, path, body)).toMatchObject({ status });
  expect(edge.written).toEqual([]);
});

test('a batch of which one call is not acknowledged comes again: 503 with Retry-After', async () => {
  const edge = testEdge();
  edge.result = ({ value }) =>
    value.includes('"u-1"')
      ? { kind: 'unavailable', reason: 'deadline' }
      : { kind: 'written', partition: 0, offset: 1 };
  const batch = ['u-0', 'u-1', 'u-2'].map((userId) => ({ type: 'page', userId, messageId: userId }));
  expect(await post(edge, '/v1/batch', { batch })).toMatchObject({ status: 503, retryAfter: '1' });
  expect(edge.written).toHaveLength(3);
  // So does one whose dead letter is not.
  const refused = { batch: [{ type: 'track', userId: 'u-1' }] };
  expect(await post(edge, '/v1/batch', refused)).toMatchObject({ status: 503, retryAfter: '1' });
});

test('what the broker does not take at all is no success', async () => {
  const edge = testEdge();
  edge.result = { kind: 'too-large' };
  expect(await post(edge, '/v1/batch', { batch: [{ type: 'page', userId: 'u' }] })).toMatchObject({
    status: 413,
  });
});

test('each call of a batch counts against the limits: 429 with Retry-After', async () => {
  const edge = testEdge({ perAddress: 10 });
  const batch = Array.from({ length: 10 }, () => ({ type: 'page', userId: 'u' }));
  expect((await post(edge, '/v1/batch', { batch })).status).toBe(200);
  expect(await post(edge, '/v1/batch', { batch })).toMatchObject({ status: 429, retryAfter: '1' });
});

test('the browser client learns where to send to', async () => {
  const { app } = testEdge();
  const settings = await app.request('http://edge.example:3000/v1/projects/act_1/settings');
  expect(await settings.json()).toEqual({
    integrations: {
      'Segment.io': {
        apiKey: 'act_1',
        apiHost: 'edge.example:3000/v1',
        protocol: 'http',
        addBundledMetadata: false,
      },
    },
    metrics: { sampleRate: 0 },
  });
  const headers = { 'x-forwarded-proto': 'https' };
  const behindProxy = await app.request('http://edge.example/v1/projects/act_1/settings', { headers });
  expect(await behindProxy.json()).toMatchObject({ integrations: { 'Segment.io': { protocol: 'https' } } });
});

test('the browser client’s figures about itself are not kept', async () => {
  const edge = testEdge();
  expect(await post(edge, '/v1/m', { series: [] })).toMatchObject({ status: 200, body: { success: true } });
  expect(edge.written).toEqual([]);
});

test('the browser client may say how often it has tried, or none of its retries would come', async () => {
  const { app } = testEdge({ origins: ['https://shop.example'] });
  const response = await app.request('/v1/t', {
    method: 'OPTIONS',
    headers: { origin: 'https://shop.example' },
  });
  const allowed = response.headers.get('access-control-allow-headers')?.split(', ');
  expect(allowed).toEqual(expect.arrayContaining(['authorization', 'content-type', 'x-retry-count']));
});

describe('a public key in the body', () => {
  const identity = { keyId: 'page', scopes: new Set(['ingest'] as const), origins: { allow: () => true } };
  const publicKeys = {
    any: true,
    identify: (key: string) => (key === 'public' ? identity : undefined),
    allowOrigin: () => true,
  };
  const authenticator = { open: false, identify: () => undefined, close: () => {} };

  test.each([
    ['/v1/t', { event: 'LOGIN', anonymousId: 'a', messageId: 'm' }],
    ['/v1/b', { batch: [{ type: 'track', event: 'LOGIN', anonymousId: 'a', messageId: 'm' }] }],
  ])('%s', async (path, body) => {
    const edge = testEdge({ authenticator, publicKeys });
    expect(await post(edge, path, { ...body, writeKey: 'public' })).toMatchObject({ status: 200 });
    expect(written(edge)).toMatchObject([{ eventId: 'm', userId: 'a', activityType: 'LOGIN' }]);
    expect(await post(edge, path, { ...body, writeKey: 'other' })).toMatchObject({ status: 401 });
    expect(await post(edge, path, body)).toMatchObject({ status: 401 });
    expect(edge.written).toHaveLength(1);
  });

  test('of calls that cannot be read', async () => {
    const edge = testEdge({ authenticator, publicKeys });
    const batch = [{ type: 'track', userId: 'u' }];
    expect(await post(edge, '/v1/b', { batch, writeKey: 'public' })).toMatchObject({ status: 200 });
    expect(written(edge)).toEqual([{ refused: 'event: must be the name of what happened', item: batch[0] }]);
    expect(await post(edge, '/v1/b', { batch: {}, writeKey: 'public' })).toMatchObject({ status: 400 });
  });
});
