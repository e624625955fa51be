import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  addKey,
  addPublicKey,
  createLogger,
  openAuthenticator,
  revokeKey,
  setOrigins,
} from '@activity/service';
import type { SessionAuthenticator } from '@activity/service';
import { afterAll, assert, beforeAll, describe, expect, test, vi } from 'vitest';
import { testEdge } from '../app.fixture.ts';
import type { TestEdgeOptions } from '../app.fixture.ts';

const shop = 'https://shop.example';
const event = { userId: 'u', activityType: 'LOGIN', metadata: { plan: 'pro' } };
let folder: string;
let file: string;
let authenticator: SessionAuthenticator;
let key: string;
let secret: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'public-keys-'));
  file = join(folder, 'keys.json');
  key = await addPublicKey(file, 'shop', [shop, 'https://*.brand.example'], new Date());
  secret = await addKey(file, 'web', ['ingest', 'read', 'delete'], new Date());
  authenticator = await openAuthenticator({
    file,
    production: true,
    allowAnonymous: false,
    logger: createLogger('test', 'fatal'),
    reloadMs: 20,
  });
});

afterAll(async () => {
  authenticator.close();
  await rm(folder, { recursive: true });
});

function edgeWithKeys(options: TestEdgeOptions = {}): ReturnType<typeof testEdge> {
  return testEdge({ authenticator, publicKeys: authenticator.publicKeys, ...options });
}

type Given = { headers?: Record<string, string>; query?: string; body?: unknown };

async function post(
  edge: ReturnType<typeof testEdge>,
  path: string,
  { headers = {}, query = '', body = event }: Given,
): Promise<Response> {
  return edge.app.request(`${path}${query}`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain;charset=UTF-8', ...headers },
    body: JSON.stringify(body),
  });
}

/** The event in each place that a key may stand in. */
function places(given: string): [string, Given][] {
  return [
    ['authorization', { headers: { authorization: `Bearer ${given}` } }],
    ['x-api-key', { headers: { 'x-api-key': given } }],
    ['?key', { query: `?key=${given}` }],
    ['?writeKey', { query: `?x=1&writeKey=${given}` }],
    ['body key', { body: { key: given, ...event } }],
    ['body writeKey', { body: { ...event, writeKey: given } }],
  ];
}

describe('a public key', () => {
  test('is taken from a header, the URL and the body, and stored nowhere', async () => {
    for (const [place, given] of places(key)) {
      const edge = edgeWithKeys();
      const response = await post(edge, '/api/logs', given);
      expect([place, response.status]).toEqual([place, 201]);
      expect(edge.written).toHaveLength(1);
      const value = edge.written[0]?.value ?? '';
      expect(value).not.toContain('act_');
      expect(JSON.parse(value)).toMatchObject(event);
      expect(await response.json()).not.toHaveProperty('movedToMetadata');
    }
  });

  test('is taken for a batch, with the events beside it in the body', async () => {
    const batches: Given[] = [
      { query: `?key=${key}`, body: [event, event] },
      { body: { writeKey: key, events: [event, event] } },
    ];
    for (const given of batches) {
      const edge = edgeWithKeys();
      const response = await post(edge, '/api/logs/batch', given);
      expect(response.status).toBe(207);
      expect(await response.json()).toMatchObject({ accepted: 2, refused: 0 });
      expect(edge.written).toHaveLength(2);
    }
  });

  test.each<[unknown, number]>([
    [{}, 400],
    [{ events: {} }, 400],
    [{ events: [] }, 400],
    [{ events: Array.from({ length: 1_001 }, () => 1) }, 413],
    [
      {
        events: [
          { ...event, metadata: { at: 1.5 } },
          { ...event, activityType: 'NOPE' },
        ],
      },
      207,
    ],
  ])('a batch %j in the body is judged as any other', async (rest, status) => {
    const response = await post(edgeWithKeys(), '/api/logs/batch', {
      body: { key, ...(rest as Record<string, unknown>) },
    });
    expect(response.status).toBe(status);
  });

  test('may not read or delete', async () => {
    const edge = edgeWithKeys();
    for (const given of [{ 'x-api-key': key }, { authorization: `Bearer ${key}` }]) {
      const response = await edge.app.request('/api/users/u', { method: 'DELETE', headers: given });
      expect(response.status).toBe(403);
    }
    const inUrl = await edge.app.request(`/api/users/u?key=${key}`, { method: 'DELETE' });
    expect(inUrl.status).toBe(401);
    expect(edge.written).toEqual([]);
  });

  test.each([shop, 'https://www.brand.example', undefined])('from %s is taken', async (origin) => {
    for (const [, given] of places(key)) {
      const headers = { ...given.headers, ...(origin !== undefined && { origin }) };
      const response = await post(edgeWithKeys(), '/api/logs', { ...given, headers });
      expect(response.status).toBe(201);
      expect(response.headers.get('access-control-allow-origin')).toBe(origin ?? null);
      expect(response.headers.get('access-control-allow-credentials')).toBeNull();
    }
  });

  test.each(['https://evil.example', 'null', 'http://shop.example'])('from %s is 403', async (origin) => {
    for (const [, given] of places(key)) {
      const edge = edgeWithKeys();
      const response = await post(edge, '/api/logs', { ...given, headers: { ...given.headers, origin } });
      expect(response.status).toBe(403);
      expect(await response.text()).toContain('is not for pages of this origin');
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
      expect(edge.written).toEqual([]);
    }
  });

  test('that is unknown is 401', async () => {
    const unknown = `act_pub_000000000000_${'A'.repeat(22)}`;
    for (const given of [...places(unknown), ...places('nonsense')]) {
      const edge = edgeWithKeys();
      expect((await post(edge, '/api/logs', given[1])).status).toBe(401);
      expect(edge.written).toEqual([]);
    }
  });

  test('in the URL or the body does not help a header that is wrong', async () => {
    const given = {
      headers: { authorization: 'Bearer nope' },
      query: `?key=${key}`,
      body: { key, ...event },
    };
    expect((await post(edgeWithKeys(), '/api/logs', given)).status).toBe(401);
  });

  test.each([
    '',
    'nonsense',
    '[]',
    'null',
    '"key"',
    '{}',
    '{"key":7}',
    '{"events":[]}',
    Buffer.from([0xff, 0xfe]),
  ])('is not in the body %j: 401', async (body) => {
    const edge = edgeWithKeys();
    for (const path of ['/api/logs', '/api/logs/batch']) {
      const response = await edge.app.request(path, { method: 'POST', body });
      expect(response.status).toBe(401);
    }
  });

  test('is not looked for in a body of more than 64 KB', async () => {
    const body = { key, events: [{ ...event, metadata: { text: 'x'.repeat(70_000) } }] };
    expect((await post(edgeWithKeys(), '/api/logs/batch', { body })).status).toBe(413);
  });
});

describe('a secret key', () => {
  test('is refused in the URL and in the body, whether it is one or not, and not logged', async () => {
    const other = `act_000000000000_${'A'.repeat(43)}`;
    for (const [, given] of [...places(secret), ...places(other)].filter(([, { headers }]) => !headers)) {
      const edge = edgeWithKeys();
      const response = await post(edge, '/api/logs', given);
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({
        message: expect.stringMatching(/^a secret API key goes into a header/),
      });
      expect(edge.written).toEqual([]);
      expect(edge.logged.join('')).not.toContain('act_');
    }
  });
});

describe('the sender', () => {
  const claimed = { ...event, metadata: { plan: 'pro', ip: '198.51.100.9', userAgent: 'Googlebot' } };
  const headers = { 'user-agent': 'Mozilla/5.0', 'x-forwarded-for': '203.0.113.7' };

  /** What is written of the event, by a request from 127.0.0.1. */
  async function written(options: TestEdgeOptions, path: string, given: Given): Promise<unknown> {
    const edge = edgeWithKeys(options);
    const server = createServer(edge.listener);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}${path}${given.query ?? ''}`, {
      method: 'POST',
      headers: { ...headers, ...given.headers },
      body: JSON.stringify(given.body),
    });
    expect(response.ok).toBe(true);
    server.close();
    return JSON.parse(edge.written[0]?.value ?? '');
  }

  const { userId: subject, activityType: type, metadata: data } = claimed;
  const cloudEvent = { specversion: '1.0', id: '1', source: '/shop', subject, type, data };
  const call = { userId: 'u', event: 'LOGIN', properties: data };

  test.each<[string, () => Given]>([
    ['/api/logs', () => ({ body: { key, ...claimed } })],
    ['/api/logs', () => ({ query: `?key=${key}`, body: claimed })],
    ['/api/logs/batch', () => ({ body: { key, events: [claimed] } })],
    [
      '/api/cloudevents',
      () => ({
        query: `?key=${key}`,
        headers: { 'content-type': 'application/cloudevents+json' },
        body: cloudEvent,
      }),
    ],
    ['/v1/track', () => ({ body: { writeKey: key, ...call } })],
    ['/v1/batch', () => ({ body: { writeKey: key, batch: [{ type: 'track', ...call }] } })],
  ])('is noted beside the metadata on %s, and wins', async (path, given) => {
    const value = await written({}, path, given());
    expect(value).toMatchObject({
      metadata: { plan: 'pro' },
      sender: { ip: '127.0.0.0', userAgent: 'Mozilla/5.0' },
    });
    expect((value as typeof claimed).metadata).not.toHaveProperty('ip');
    expect((value as typeof claimed).metadata).not.toHaveProperty('userAgent');
  });

  test('is noted as far as the settings let it', async () => {
    const full = { address: 'full', userAgent: false } as const;
    const given = { body: { writeKey: key, ...claimed } };
    expect(await written({ sender: full }, '/api/logs', given)).toMatchObject({
      metadata: { plan: 'pro' },
      sender: { ip: '127.0.0.1' },
    });
    const none = { address: 'none', userAgent: false } as const;
    const value = await written({ sender: none }, '/api/logs', given);
    expect(value).toMatchObject({ metadata: { plan: 'pro' }, sender: {} });
    expect(JSON.stringify(value)).not.toMatch(/127\.0|Mozilla|198\.51|Googlebot/);
  });

  test('is not noted for a secret key, whose client says who it was', async () => {
    const value = await written({}, '/api/logs', { headers: { 'x-api-key': secret }, body: claimed });
    expect(value).toMatchObject({ metadata: claimed.metadata });
    expect(value).not.toHaveProperty('sender');
  });
});

describe('limits', () => {
  test('of public keys go by address, and leave secret keys alone', async () => {
    const edge = edgeWithKeys({ publicPerAddress: 3 });
    const statuses: number[] = [];
    for (const [, given] of places(key)) statuses.push((await post(edge, '/api/logs', given)).status);
    expect(statuses).toEqual([201, 201, 201, 429, 429, 429]);
    const [, bySecret] = places(secret)[0] ?? assert.fail();
    expect((await post(edge, '/api/logs', bySecret)).status).toBe(201);
  });

  test('charge a body with a key once, and one without too', async () => {
    const edge = edgeWithKeys({ publicPerAddress: 10 });
    const five = { body: { key, events: [event, event, event, event, event] } };
    const answer = await post(edge, '/api/logs/batch', five);
    expect([answer.status, answer.headers.get('ratelimit-remaining')]).toEqual([207, '5']);
    for (let count = 0; count < 5; count++) expect((await post(edge, '/api/logs', {})).status).toBe(401);
    const limited = await post(edge, '/api/logs', {});
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '1']);
  });
});

describe('CORS', () => {
  const asked = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' };

  async function preflight(origin: string): Promise<Response> {
    const headers = { origin, ...asked };
    return edgeWithKeys().app.request('/api/logs/batch', { method: 'OPTIONS', headers });
  }

  test('answers the preflight of the origins of public keys, without credentials', async () => {
    const response = await preflight(shop);
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe(shop);
    expect(response.headers.get('access-control-allow-headers')).toContain('content-type');
    expect(response.headers.get('access-control-allow-credentials')).toBeNull();
    const other = await preflight('https://evil.example');
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('lets a page read why it is refused', async () => {
    const response = await post(edgeWithKeys(), '/api/logs', { headers: { origin: shop } });
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([401, shop]);
  });

  test('follows the file: an origin that is added, a key that is revoked', async () => {
    const added = 'https://new.example';
    const given = await addPublicKey(file, 'other', ['https://old.example'], new Date());
    const id = given.slice(8, 20);
    await setOrigins(file, id, [added], new Date());
    const edge = edgeWithKeys();
    await vi.waitFor(async () => {
      const response = await post(edge, '/api/logs', {
        body: { key: given, ...event },
        headers: { origin: added },
      });
      assert.equal(response.status, 201);
    }, 5_000);
    expect((await preflight(added)).headers.get('access-control-allow-origin')).toBe(added);
    await revokeKey(file, id, new Date());
    await vi.waitFor(async () => {
      const response = await preflight(added);
      assert.equal(response.headers.get('access-control-allow-origin'), null);
    }, 5_000);
    const response = await post(edge, '/api/logs', { body: { key: given, ...event } });
    expect(response.status).toBe(401);
  });
});
