import { afterEach, expect, test, vi } from 'vitest';
import { ask, failureOf, kindOf } from './api.ts';

afterEach(() => vi.unstubAllGlobals());

test('a status is a remedy', () => {
  expect([401, 403, 404, 410, 429, 500, 503].map(kindOf)).toEqual([
    'unauthorized',
    'forbidden',
    'not-found',
    'invalid',
    'unavailable',
    'broken',
    'unavailable',
  ]);
});

test('a failure says what the service says', () => {
  const wrong = failureOf(
    400,
    { error: 'Validation failed', details: [{ field: 'limit', message: 'must be at most 100' }] },
    null,
  );
  expect(wrong).toMatchObject({
    kind: 'invalid',
    message: 'limit must be at most 100',
    retryAfterMs: undefined,
  });
  const away = failureOf(
    503,
    { error: 'Service unavailable', message: 'the database does not answer in time' },
    '2',
  );
  expect(away).toMatchObject({ message: 'the database does not answer in time', retryAfterMs: 2_000 });
  expect(failureOf(502, {}, 'Mon, 23 Nov 2026 04:12:00 GMT')).toMatchObject({
    message: 'the service answered 502',
    retryAfterMs: undefined,
  });
});

test('a service that cannot be reached, and one that answers no JSON', async () => {
  vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('Failed to fetch')));
  await expect(ask('/api/x')).rejects.toMatchObject({ kind: 'offline' });
  vi.stubGlobal('fetch', async () => new Response('<h1>Bad gateway</h1>', { status: 502 }));
  await expect(ask('/api/x')).rejects.toMatchObject({ kind: 'unavailable' });
});
