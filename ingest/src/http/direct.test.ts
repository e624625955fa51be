import { Agent, createServer, request } from 'node:http';
import type { IncomingHttpHeaders, RequestOptions } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { noPublicKeys } from '@activity/service';
import type { Authenticator } from '@activity/service';
import { Registry } from 'prom-client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { testEdge } from '../app.fixture.ts';
import type { TestEdge } from '../app.fixture.ts';
import { createMetrics } from '../metrics.ts';
import { createCors } from './cors.ts';
import { directListener } from './direct.ts';
import type { Listener } from './direct.ts';
import type { GateDeps } from './gate.ts';
import { ReceivedBytes } from './received-bytes.ts';
import type { Route } from './route.ts';

interface Got {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

async function serve(listener: Listener): Promise<number> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

interface SendOptions extends Omit<RequestOptions, 'headers'> {
  headers?: Record<string, string>;
  chunked?: boolean;
}

/** Sends a body with its length, or in chunks. */
async function send(port: number, body: Buffer | string, options: SendOptions = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const { chunked = false, headers, ...rest } = options;
    const length = chunked
      ? { 'transfer-encoding': 'chunked' }
      : { 'content-length': Buffer.byteLength(body) };
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        method: 'POST',
        path: '/api/logs',
        ...rest,
        headers: { ...length, ...headers },
      },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body: text }));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

const stubDeps: GateDeps = {
  logger: { error: () => {} } as unknown as GateDeps['logger'],
  metrics: createMetrics(new Registry(), {
    inFlight: () => 0,
    waitingBytes: () => 0,
    receivedBytes: () => 0,
    ready: () => true,
    clockAheadMs: () => 0,
  }),
  authenticator: { open: true, identify: () => undefined, close: () => {} },
  publicKeys: noPublicKeys,
  cors: createCors({ origins: [], isOriginOfKey: () => false }),
  isAllowedHost: () => true,
  trustedProxies: undefined,
  limitPerKey: undefined,
  limitPerAddress: undefined,
  limitPublicPerAddress: undefined,
  tracing: undefined,
  noteSender: () => ({}),
  received: new ReceivedBytes({ maxBytes: 33_554_432 }),
  now: Date.now,
  newRequestId: () => 'id',
  inFlight: { begin: () => {}, end: () => {} },
};
const stubRoute = {
  method: 'POST',
  path: '/api/logs',
  scope: undefined,
  summary: '',
  description: '',
  answers: {},
} as const;

describe('who answers', () => {
  const routes: Route[] = [
    { ...stubRoute, direct: true, handle: () => ({ status: 200, body: 'direct' }) },
    { ...stubRoute, path: '/other', handle: () => ({ status: 200, body: 'never' }) },
  ];

  test.each<[string, string, SendOptions]>([
    ['direct', 'a plain request', {}],
    ['routed', 'a path with a query', { path: '/api/logs?a=1' }],
    ['routed', 'a path in another form', { path: '/api/%6cogs' }],
    ['routed', 'a route that is not direct', { path: '/other' }],
    ['routed', 'another method', { method: 'PUT' }],
    ['routed', 'a body without a length', { chunked: true }],
    ['routed', 'a packed body', { headers: { 'content-encoding': 'gzip' } }],
  ])('%s: %s', async (expected, _what, options) => {
    const port = await serve(
      directListener(routes, stubDeps, (incoming, outgoing) => {
        incoming.resume();
        outgoing.end('routed');
      }),
    );
    expect((await send(port, '{}', options)).body).toBe(expected);
  });

  test('routed: a body that is longer than is read for nothing', async () => {
    const port = await serve(
      directListener(routes, stubDeps, (incoming, outgoing) => {
        incoming.resume();
        outgoing.end('routed');
      }),
    );
    expect((await send(port, Buffer.alloc(1_048_577))).body).toBe('routed');
    expect((await send(port, Buffer.alloc(1_048_576))).body).toBe('direct');
  });
});

describe('both ways give one answer', () => {
  const event = JSON.stringify({ userId: 'u', activityType: 'LOGIN' });
  const keys: Authenticator = {
    open: false,
    identify: (_authorization, key) =>
      key === undefined
        ? undefined
        : { keyId: key, scopes: new Set(key === 'writer' ? ['ingest'] : ['read']) },
    close: () => {},
  };
  const writer = { 'x-api-key': 'writer' };

  test.each<[string, number, string | Buffer, SendOptions, ((edge: TestEdge) => void)?]>([
    ['an event', 201, event, { headers: writer }],
    [
      'an event of more than ASCII',
      201,
      '{"userId":"ü","activityType":"LOGIN","eventId":"☃"}',
      { headers: writer },
    ],
    ['a batch', 207, `[${event},{}]`, { path: '/api/logs/batch', headers: writer }],
    ['no key', 401, event, {}],
    ['a key without the scope', 403, event, { headers: { 'x-api-key': 'reader' } }],
    ['an event that is none', 400, '{"userId":1}', { headers: writer }],
    ['no body', 400, '', { headers: writer }],
    ['an event that is too large', 413, ' '.repeat(40_000), { headers: writer }],
    ['a page of a listed origin', 201, event, { headers: { ...writer, origin: 'https://app.example' } }],
    ['a request with an id', 201, event, { headers: { ...writer, 'x-request-id': 'mine' } }],
    [
      'a broker that does not answer',
      503,
      event,
      { headers: writer },
      (edge) => {
        edge.result = { kind: 'unavailable', reason: 'deadline' };
      },
    ],
    [
      'a fault inside',
      500,
      event,
      { headers: writer },
      (edge) => {
        edge.result = () => {
          throw new Error('broken');
        };
      },
    ],
  ])('%s: %i', async (_what, status, body, options, prepare) => {
    const answers: Got[] = [];
    for (const chunked of [false, true]) {
      const edge = testEdge({ authenticator: keys, origins: ['https://app.example'], perKey: 10 });
      prepare?.(edge);
      const port = await serve(edge.listener);
      const got = await send(port, body, { ...options, chunked });
      const { date: _date, ...headers } = got.headers;
      answers.push({ ...got, headers });
    }
    const [direct, routed] = answers;
    expect(direct?.status).toBe(status);
    expect(direct).toEqual(routed);
  });
});

test('a refused body is read to its end: the connection serves the next request', async () => {
  const edge = testEdge({ authenticator: { open: false, identify: () => undefined, close: () => {} } });
  const port = await serve(edge.listener);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  for (let count = 0; count < 3; count++) {
    expect((await send(port, Buffer.alloc(1_000_000, ' '), { agent })).status).toBe(401);
  }
  expect(Object.values(agent.freeSockets).flat()).toHaveLength(1);
});

test('a packed body goes the router’s way and is an event', async () => {
  const edge = testEdge();
  const port = await serve(edge.listener);
  const packed = gzipSync(JSON.stringify({ userId: 'u', activityType: 'LOGIN' }));
  expect((await send(port, packed, { headers: { 'content-encoding': 'gzip' } })).status).toBe(201);
  expect(edge.written).toHaveLength(1);
});
