import { Counter } from 'prom-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ListeningServer } from './http-server.ts';
import type { Identity } from './keys/authenticator.ts';
import { createRegistry, startMonitoring } from './monitoring.ts';
import type { Readiness } from './monitoring.ts';

let readiness: Readiness;
let server: ListeningServer;
const registry = createRegistry('test');
new Counter({ name: 'things_total', help: 'things', registers: [registry] }).inc(2);

beforeEach(async () => {
  readiness = { ready: true };
  server = await startMonitoring({
    port: 0,
    host: '127.0.0.1',
    registry,
    readiness: () => readiness,
    async page(request, response) {
      if (request.url !== '/picture') return false;
      response.end('a picture');
      return true;
    },
    routes: {
      '/echo': async (query) => ({ status: 200, body: { said: query.get('say') } }),
      '/broken': async () => {
        throw new Error('secret');
      },
    },
  });
});
afterEach(async () => server.close());

async function get(path: string): Promise<Response> {
  return fetch(`http://127.0.0.1:${server.port}${path}`);
}

test('serves metrics for Prometheus, Node’s own among them', async () => {
  const response = await get('/metrics');
  const text = await response.text();
  expect(response.headers.get('content-type')).toContain('text/plain');
  expect(text).toContain('things_total{service="test"} 2');
  expect(text).toContain('nodejs_eventloop_lag_seconds');
});

test('is ready, and says why where it is not', async () => {
  expect((await get('/readyz')).status).toBe(200);
  readiness = { ready: false, reason: 'no broker' };
  const response = await get('/readyz');
  expect(response.status).toBe(503);
  expect(await response.json()).toEqual({ status: 'unavailable', reason: 'no broker' });
  expect((await get('/livez')).status).toBe(200);
});

test('serves a page that it is given, and 404 for what that does not serve', async () => {
  expect(await (await get('/picture')).text()).toBe('a picture');
  expect((await get('/pictures')).status).toBe(404);
});

test('serves the routes that it is given', async () => {
  expect(await (await get('/echo?say=a%20b%3Fc')).json()).toEqual({ said: 'a b?c' });
  const broken = await get('/broken');
  expect(broken.status).toBe(500);
  expect(await broken.text()).not.toContain('secret');
});

test('asks for a key that may read where there are keys, but not for probes and metrics', async () => {
  const keys: Record<string, Identity> = {
    'Bearer reader': { keyId: 'a', scopes: new Set(['read']) },
    'Bearer writer': { keyId: 'b', scopes: new Set(['ingest']) },
  };
  const closed = await startMonitoring({
    port: 0,
    host: '127.0.0.1',
    registry,
    readiness: () => readiness,
    routes: { '/echo': async () => ({ status: 200, body: {} }) },
    authenticator: {
      identify: (authorization = '', apiKey = '') => keys[authorization || `Bearer ${apiKey}`],
    },
  });
  try {
    const ask = async (path: string, headers = {}): Promise<number> =>
      (await fetch(`http://127.0.0.1:${closed.port}${path}`, { headers })).status;
    for (const path of ['/metrics', '/livez', '/readyz'])
      expect([path, await ask(path)]).toEqual([path, 200]);
    expect(await ask('/echo')).toBe(401);
    expect(await ask('/echo', { authorization: 'Bearer other' })).toBe(401);
    expect(await ask('/echo', { authorization: 'Bearer writer' })).toBe(403);
    expect(await ask('/echo', { authorization: 'Bearer reader' })).toBe(200);
    expect(await ask('/echo', { 'x-api-key': 'reader' })).toBe(200);
    expect(await ask('/other')).toBe(404);
  } finally {
    await closed.close();
  }
});

test('knows no other path', async () => {
  expect((await get('/')).status).toBe(404);
});
