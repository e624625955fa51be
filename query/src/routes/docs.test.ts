import { expect, test } from 'vitest';
import { testApp } from '../app.fixture.ts';

test('the document is as it was agreed', async () => {
  const response = await testApp().app.request('/openapi.json');
  expect(response.headers.get('content-type')).toBe('application/json');
  await expect(JSON.stringify(await response.json(), undefined, 2)).toMatchFileSnapshot(
    'openapi.golden.json',
  );
});

test('every route that reads says what it answers without a key, without MongoDB, and with wrong parameters', async () => {
  const document = (await (await testApp().app.request('/openapi.json')).json()) as {
    paths: Record<string, Record<string, { security: unknown[]; parameters: unknown[]; responses: object }>>;
  };
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  const reading = operations.filter(({ security }) => security.length > 0);
  expect(reading.length).toBeGreaterThan(10);
  for (const { parameters, responses } of reading) {
    const wanted = ['200', ...(parameters.length > 0 ? ['400'] : []), '401', '403', '500', '503'];
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(wanted));
  }
});

test('the page shows every route and needs no other host', async () => {
  const response = await testApp().app.request('http://query.example:3001/docs');
  expect(response.headers.get('content-type')).toContain('text/html');
  expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
  const page = await response.text();
  for (const path of ['/api/logs', '/api/logs/tail', '/api/logs/{id}', '/api/stats/overview', '/metrics']) {
    expect(page).toContain(`</span>${path}</code>`);
  }
  expect(page).not.toMatch(/<script|src=|@import|url\(/);
  expect(page.match(/https?:\/\/(?!query\.example)/g)).toBeNull();
});
