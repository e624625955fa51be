import type { Authenticator, Scope } from '@activity/service';
import { describe, expect, test } from 'vitest';
import { testEdge } from '../app.fixture.ts';

const body = JSON.stringify({ userId: 'u', activityType: 'LOGIN' });

function keys(granted: Record<string, Scope[]>): Authenticator {
  return {
    open: false,
    identify: (authorization, apiKey) => {
      const key = authorization?.replace('Bearer ', '') ?? apiKey ?? '';
      const scopes = granted[key];
      return scopes === undefined ? undefined : { keyId: key, scopes: new Set(scopes) };
    },
    close: () => {},
  };
}

describe('keys', () => {
  const authenticator = keys({ writer: ['ingest'], reader: ['read'], all: ['ingest', 'read', 'delete'] });

  test.each<[string, string, Record<string, string>, number]>([
    ['POST', '/api/logs', {}, 401],
    ['POST', '/api/logs', { authorization: 'Bearer nope' }, 401],
    ['POST', '/api/logs', { authorization: 'Bearer reader' }, 403],
    ['POST', '/api/logs', { authorization: 'Bearer writer' }, 201],
    ['POST', '/api/logs', { 'x-api-key': 'writer' }, 201],
    ['POST', '/api/logs/batch', {}, 401],
    ['DELETE', '/api/logs/1', { authorization: 'Bearer writer' }, 403],
    ['DELETE', '/api/logs/1', { authorization: 'Bearer all' }, 202],
    ['DELETE', '/api/users/u', { authorization: 'Bearer writer' }, 403],
    ['GET', '/health', {}, 200],
    ['GET', '/readyz', {}, 200],
    ['GET', '/livez', {}, 200],
    ['GET', '/openapi.json', {}, 200],
    ['GET', '/docs', {}, 200],
  ])('%s %s with %j is %i', async (method, path, headers, status) => {
    const edge = testEdge({ authenticator });
    const response = await edge.app.request(path, {
      method,
      headers,
      ...(method === 'POST' ? { body } : {}),
    });
    expect(response.status).toBe(status);
    expect(response.headers.get('www-authenticate')).toBe(status === 401 ? 'Bearer' : null);
    expect(edge.written).toHaveLength(status === 201 || status === 202 ? 1 : 0);
  });
});

describe('rate limits', () => {
  test.each<['perKey' | 'perAddress']>([['perKey'], ['perAddress']])(
    '%s: a full bucket, then 429',
    async (limit) => {
      const edge = testEdge({ [limit]: 3, authenticator: keys({ writer: ['ingest'] }) });
      const answers: Response[] = [];
      for (let count = 0; count < 4; count++) {
        answers.push(
          await edge.app.request('/api/logs', { method: 'POST', body, headers: { 'x-api-key': 'writer' } }),
        );
      }
      expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 429]);
      const last = answers.at(-1);
      expect(last?.headers.get('retry-after')).toBe('1');
      expect(last?.headers.get('ratelimit-limit')).toBe('3');
      expect(answers.map(({ headers }) => headers.get('ratelimit-remaining'))).toEqual(['2', '1', '0', '0']);
      expect(await last?.json()).toMatchObject({ error: 'Too many requests' });
      expect(edge.written).toHaveLength(3);
    },
  );

  test('one key’s limit is not another’s', async () => {
    const edge = testEdge({ perKey: 1, authenticator: keys({ a: ['ingest'], b: ['ingest'] }) });
    const statuses: number[] = [];
    for (const key of ['a', 'a', 'b']) {
      const answer = await edge.app.request('/api/logs', {
        method: 'POST',
        body,
        headers: { 'x-api-key': key },
      });
      statuses.push(answer.status);
    }
    expect(statuses).toEqual([201, 429, 201]);
  });

  test('a batch costs as much as its events', async () => {
    const edge = testEdge({ perAddress: 10 });
    const batch = `[${Array.from({ length: 6 }, () => body).join(',')}]`;
    const statuses: number[] = [];
    for (let count = 0; count < 2; count++) {
      statuses.push((await edge.app.request('/api/logs/batch', { method: 'POST', body: batch })).status);
    }
    expect(statuses).toEqual([207, 429]);
    expect(edge.written).toHaveLength(6);
  });

  test('health is not limited', async () => {
    const edge = testEdge({ perAddress: 1 });
    for (let count = 0; count < 3; count++) expect((await edge.app.request('/health')).status).toBe(200);
  });
});

describe('CORS', () => {
  const origins = ['https://app.example'];

  test('allows a listed origin, and no other', async () => {
    const { app } = testEdge({ origins });
    const listed = await app.request('/api/logs', {
      method: 'POST',
      body,
      headers: { origin: 'https://app.example' },
    });
    expect(listed.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(listed.headers.get('vary')).toBe('Origin');
    const other = await app.request('/health', { headers: { origin: 'https://evil.example' } });
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('answers a preflight without a key', async () => {
    const { app } = testEdge({ origins, authenticator: keys({}) });
    const headers = { origin: 'https://app.example', 'access-control-request-method': 'POST' };
    const response = await app.request('/api/logs', { method: 'OPTIONS', headers });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-methods')).toContain('POST');
    const allowed = response.headers.get('access-control-allow-headers')?.split(', ');
    expect(allowed).toEqual(expect.arrayContaining(['authorization', 'baggage', 'sentry-trace', 'b3']));
    expect(allowed).toEqual(expect.arrayContaining(['x-b3-traceid', 'x-datadog-trace-id', 'tracestate']));
    const evil = await app.request('/api/logs', {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example' },
    });
    expect(evil.headers.get('access-control-allow-methods')).toBeNull();
  });

  test('a star allows every origin', async () => {
    const response = await testEdge({ origins: ['*'] }).app.request('/health', {
      headers: { origin: 'https://x' },
    });
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
  });
});

describe('pages of other sites, where no key is needed', () => {
  test.each<[string, Record<string, string>, number]>([
    ['curl', {}, 201],
    ['the edge’s own page', { origin: 'http://edge:3000', host: 'edge:3000' }, 201],
    ['a page that is listed', { origin: 'https://app.example' }, 201],
    ['a page of another site', { origin: 'https://evil.example' }, 403],
    ['a page of another site that hides its name', { origin: 'null', 'content-type': 'text/plain' }, 403],
    ['a form of another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a page of a sister site', { 'sec-fetch-site': 'same-site' }, 403],
    ['an address that was typed', { 'sec-fetch-site': 'none' }, 201],
  ])('%s', async (_who, headers, status) => {
    const edge = testEdge({ origins: ['https://app.example'] });
    const sent = { host: 'edge:3000', 'content-type': 'text/plain', ...headers };
    const response = await edge.app.request('/api/logs', { method: 'POST', body, headers: sent });
    expect(response.status).toBe(status);
    expect(edge.written).toHaveLength(status === 201 ? 1 : 0);
  });

  test('a name that was made to lead here is not served', async () => {
    const edge = testEdge({ hosts: [] });
    for (const method of ['POST', 'GET', 'DELETE']) {
      const response = await edge.app.request('/api/users/u', { method, headers: { host: 'evil.example' } });
      expect(response.status).toBe(421);
    }
    expect((await edge.app.request('/health', { headers: { host: 'localhost:3000' } })).status).toBe(200);
  });
});

describe('every answer', () => {
  test.each([
    ['POST', '/api/logs'],
    ['GET', '/health'],
    ['GET', '/nope'],
    ['PUT', '/api/logs'],
  ])('to %s %s has a request id and secure headers', async (method, path) => {
    const { headers } = await testEdge().app.request(path, { method });
    expect(headers.get('x-request-id')).toBe('request-id');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  test.each([
    ['mine-1.2_3', 'mine-1.2_3'],
    ['x'.repeat(65), 'request-id'],
    ['a b', 'request-id'],
  ])('keeps the client’s request id where it is one: %s', async (given, id) => {
    const response = await testEdge().app.request('/health', { headers: { 'x-request-id': given } });
    expect(response.headers.get('x-request-id')).toBe(id);
  });

  test('a method that a path does not have is 405, with those it has', async () => {
    const { app } = testEdge({ queryUrl: 'http://query' });
    const response = await app.request('/api/logs', { method: 'PATCH' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST, DELETE, GET, HEAD, OPTIONS');
    expect((await app.request('/api/logs', { method: 'OPTIONS' })).status).toBe(204);
  });

  test('a path that is written out is not also the one with a parameter', async () => {
    const { app } = testEdge();
    expect((await app.request('/api/logs/batch', { method: 'PUT' })).headers.get('allow')).toBe(
      'POST, OPTIONS',
    );
    expect((await app.request('/api/logs/batch', { method: 'DELETE' })).status).toBe(405);
    expect((await app.request('/api/logs/7', { method: 'PUT' })).headers.get('allow')).toBe(
      'DELETE, OPTIONS',
    );
  });

  test('a fault is 500, says nothing of the inside, and is logged without the event', async () => {
    const edge = testEdge();
    edge.result = () => {
      throw new Error('the inside');
    };
    const response = await edge.app.request('/api/logs', {
      method: 'POST',
      body: body.replace('"u"', '"secret-user"'),
    });
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('inside');
    expect(edge.logged.join('')).toContain('the inside');
    expect(edge.logged.join('')).not.toContain('secret-user');
  });
});

describe('the trace', () => {
  const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

  test.each<[Record<string, string>, [string, string][]]>([
    [
      { traceparent: parent, tracestate: 'a=b' },
      [
        ['traceparent', parent],
        ['tracestate', 'a=b'],
      ],
    ],
    [{ traceparent: parent }, [['traceparent', parent]]],
    [{ tracestate: 'a=b' }, []],
    [{ traceparent: '00-00000000000000000000000000000000-b7ad6b7169203331-01' }, []],
    [{ traceparent: 'nonsense' }, []],
    [{}, []],
  ])('of %j goes into Kafka as %j', async (headers, carried) => {
    const edge = testEdge();
    await edge.app.request('/api/logs', { method: 'POST', body, headers });
    expect(edge.written[0]?.headers).toEqual(carried);
  });
});

test('metrics tell requests by route and status, and events by what became of them', async () => {
  const edge = testEdge({ perAddress: 4 });
  async function post(text: string): Promise<void> {
    await edge.app.request('/api/logs', { method: 'POST', body: text });
  }
  await post(body);
  await post('nonsense');
  edge.result = { kind: 'unavailable', reason: 'deadline' };
  await post(body);
  edge.result = { kind: 'too-large' };
  await post(body);
  await post(body);
  await edge.app.request('/nope', { method: 'PUT' });
  const text = await (await edge.app.request('/metrics')).text();
  for (const line of [
    'activity_ingest_requests_total{method="POST",route="/api/logs",status="201"} 1',
    'activity_ingest_requests_total{method="POST",route="/api/logs",status="400"} 1',
    'activity_ingest_requests_total{method="POST",route="/api/logs",status="503"} 1',
    'activity_ingest_requests_total{method="POST",route="/api/logs",status="413"} 1',
    'activity_ingest_requests_total{method="POST",route="/api/logs",status="429"} 1',
    'activity_ingest_requests_total{method="ANY",route="unknown",status="404"} 1',
    'activity_ingest_request_seconds_count{method="POST",route="/api/logs"} 5',
    'activity_ingest_events_accepted_total 1',
    'activity_ingest_events_refused_total{reason="invalid"} 1',
    'activity_ingest_events_refused_total{reason="unavailable"} 1',
    'activity_ingest_events_refused_total{reason="too-large"} 1',
    'activity_ingest_events_refused_total{reason="limited"} 1',
  ]) {
    expect(text).toContain(line);
  }
  expect(text).toMatch(/activity_ingest_event_bytes_total [1-9]/);
});
