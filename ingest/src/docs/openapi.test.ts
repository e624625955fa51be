import { expect, test } from 'vitest';
import { testEdge } from '../app.fixture.ts';

test('the document is as it was agreed', async () => {
  const response = await testEdge().app.request('/openapi.json');
  expect(response.headers.get('content-type')).toBe('application/json');
  await expect(JSON.stringify(await response.json(), undefined, 2)).toMatchFileSnapshot(
    'openapi.golden.json',
  );
});

test('the page shows every route and needs no other host', async () => {
  const response = await testEdge().app.request('http://edge.example:3000/docs');
  expect(response.headers.get('content-type')).toContain('text/html');
  expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
  const page = await response.text();
  for (const path of [
    '/api/logs',
    '/api/logs/batch',
    '/api/logs/{id}',
    '/api/users/{userId}',
    '/health',
    '/metrics',
  ]) {
    expect(page).toContain(`</span>${path}</code>`);
  }
  expect(page).toContain('curl http://edge.example:3000/api/logs');
  expect(page).not.toMatch(/<script|src=|@import|url\(/);
  expect(page.match(/https?:\/\/(?!edge\.example)/g)).toBeNull();
});
