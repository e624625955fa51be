import { beforeEach, expect, test } from 'vitest';
import { testApp, time } from '../app.fixture.ts';
import type { TestApp } from '../app.fixture.ts';

let service: TestApp;

beforeEach(() => {
  service = testApp();
});

async function signIn(key: string, headers: Record<string, string> = {}): Promise<Response> {
  return service.app.request('/api/session', {
    method: 'POST',
    body: JSON.stringify({ key }),
    headers: { 'content-type': 'application/json', ...headers },
  });
}

test('a key that may read opens a session, which reads', async () => {
  const before = await service.app.request('/api/session');
  expect(await before.json()).toEqual({ signedIn: false, keysNeeded: true });
  const answer = await signIn('reader', { 'sec-fetch-site': 'same-origin' });
  expect(await answer.json()).toEqual({ signedIn: true, keysNeeded: true });
  const [cookie = '', ...attributes] = (answer.headers.get('set-cookie') ?? '').split('; ');
  expect(attributes.toSorted()).toEqual(['HttpOnly', 'Max-Age=3600', 'Path=/', 'SameSite=Strict']);
  expect(cookie).toBe(`activity_session=session-until-${time.getTime() + 3_600_000}`);
  const headers = { cookie };
  expect((await service.app.request('/api/logs', { headers })).status).toBe(200);
  const after = await service.app.request('/api/session', { headers });
  expect(await after.json()).toEqual({ signedIn: true, keysNeeded: true });
});

test('the cookie is for TLS alone where the client came by TLS, whatever is between', async () => {
  async function cookieOf(url: string, headers: Record<string, string>): Promise<string> {
    const answer = await service.app.request(url, {
      method: 'POST',
      body: JSON.stringify({ key: 'reader' }),
      headers: { 'content-type': 'application/json', ...headers },
    });
    return answer.headers.get('set-cookie') ?? '';
  }
  const [plain, tls] = ['http://query/api/session', 'https://query/api/session'];
  expect(await cookieOf(plain, { 'x-forwarded-proto': 'https' })).toContain('; Secure');
  expect(await cookieOf(tls, {})).toContain('; Secure');
  expect(await cookieOf(plain, {})).not.toContain('Secure');
  expect(await cookieOf(tls, { 'x-forwarded-proto': 'http' })).not.toContain('Secure');
});

test('a session that is over, or made up, reads nothing', async () => {
  for (const token of [`session-until-${time.getTime()}`, 'nonsense', '']) {
    const headers = { cookie: `activity_session=${token}` };
    expect((await service.app.request('/api/logs', { headers })).status).toBe(401);
  }
});

test('a wrong key beside a good session is still wrong', async () => {
  const headers = { cookie: `activity_session=session-until-${time.getTime() + 1}`, 'x-api-key': 'writer' };
  expect((await service.app.request('/api/logs', { headers })).status).toBe(403);
});

test('signing out takes the cookie away', async () => {
  const answer = await service.app.request('/api/session', { method: 'DELETE' });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('set-cookie')).toMatch(/^activity_session=; Max-Age=0/);
});

test.each<[string, number, RequestInit]>([
  ['a key that may not read', 403, { body: '{"key":"writer"}' }],
  ['no JSON', 400, { body: '{' }],
  ['no key', 400, { body: '{"name":"reader"}' }],
  ['too much', 413, { body: JSON.stringify({ key: 'x'.repeat(2_000) }) }],
  ['a form', 415, { body: 'key=reader', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
  ['another site', 403, { body: '{"key":"reader"}', headers: { 'sec-fetch-site': 'cross-site' } }],
  ['a sibling site', 403, { body: '{"key":"reader"}', headers: { 'sec-fetch-site': 'same-site' } }],
  ['another origin', 403, { body: '{"key":"reader"}', headers: { origin: 'http://evil.example' } }],
])('refuses to sign in with %s', async (_, status, { body, headers }) => {
  const answer = await service.app.request('http://query.example/api/session', {
    method: 'POST',
    body: body as string,
    headers: {
      host: 'query.example',
      'content-type': 'application/json',
      ...(headers as Record<string, string> | undefined),
    },
  });
  expect(answer.status).toBe(status);
  expect(answer.headers.get('set-cookie')).toBeNull();
});

test('another site cannot sign anyone out', async () => {
  const headers = { 'sec-fetch-site': 'cross-site' };
  const answer = await service.app.request('/api/session', { method: 'DELETE', headers });
  expect(answer.status).toBe(403);
  expect(answer.headers.get('set-cookie')).toBeNull();
});

test('a session that was signed out of reads nothing, whoever still has its token', async () => {
  const answer = await signIn('reader');
  const [cookie = ''] = (answer.headers.get('set-cookie') ?? '').split('; ');
  const headers = { cookie, 'sec-fetch-site': 'same-origin' };
  expect((await service.app.request('/api/logs', { headers })).status).toBe(200);
  await service.app.request('/api/session', { method: 'DELETE', headers });
  expect((await service.app.request('/api/logs', { headers })).status).toBe(401);
});
