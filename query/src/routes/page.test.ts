import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildPage } from '../../page/build.ts';
import { testApp } from '../app.fixture.ts';
import { readPageFiles } from '../page/page-files.ts';
import type { PageFiles } from '../page/page-files.ts';

/** Bytes, compressed, that all of the page may have together. */
const budget = 60_000;

let page: PageFiles;

beforeAll(async () => {
  await buildPage();
  const files = readPageFiles();
  if (!files) throw new Error('nothing was built');
  page = files;
}, 60_000);

describe('the document', () => {
  test('is open, names what the page is made of, and forbids everything else', async () => {
    const answer = await testApp({ page }).app.request('/');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-cache');
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toContain('unsafe');
    const html = await answer.text();
    const named = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path = '']) => path);
    expect(named.map((path) => path.replace(/-[\w-]+\./, '.')).toSorted()).toEqual([
      '/assets/icon.svg',
      '/assets/index.css',
      '/assets/index.js',
    ]);
    for (const path of named) expect(page.assets.has(path)).toBe(true);
    // Nothing that the policy would forbid, no other host.
    expect(html).not.toMatch(/<style|style=|<script>|https?:\/\//);
  });

  test('says which types there may be, and whether it came through the edge', async () => {
    const { app } = testApp({ page });
    const direct = await (await app.request('/')).text();
    expect(direct).toContain(
      'name="activity-types" content="[&quot;LOGIN&quot;,&quot;LOGOUT&quot;,&quot;PAGE_VIEW',
    );
    expect(direct).toContain('name="edge" content=""');
    const headers = { 'x-forwarded-host': 'edge.example' };
    expect(await (await app.request('/', { headers })).text()).toContain('name="edge" content="here"');
  });

  test('says what to do where it was not built', async () => {
    const answer = await testApp().app.request('/');
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain('npm run build -w query');
  });
});

describe('an asset', () => {
  test('is sent packed to those who can unpack, and is kept for good', async () => {
    const { app } = testApp({ page });
    const path = [...page.assets.keys()].find((name) => name.endsWith('.js')) ?? '';
    const plain = await app.request(path);
    expect(plain.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(plain.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(plain.headers.get('content-encoding')).toBeNull();
    const packed = await app.request(path, { headers: { 'accept-encoding': 'deflate, gzip;q=0.8' } });
    expect(packed.headers.get('content-encoding')).toBe('gzip');
    // The server's Response, which a test before this may have put in place, has no `bytes`.
    expect(gunzipSync(await packed.arrayBuffer()).toString()).toBe(await plain.text());
    const best = await app.request(path, { headers: { 'accept-encoding': 'gzip, deflate, br' } });
    expect(best.headers.get('content-encoding')).toBe('br');
  });

  test.each(['/assets/index.js', '/assets/', '/assets/../index.html', '/assets/%2e%2e%2findex.html'])(
    '%s is none',
    async (path) => {
      expect((await testApp({ page }).app.request(path)).status).toBe(404);
    },
  );
});

test('all of it together is small', () => {
  const sizes = [...page.assets].map(
    ([path, { packed }]) => [path, packed.gzip?.length ?? Infinity] as const,
  );
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  expect(total).toBeGreaterThan(10_000);
  expect(total).toBeLessThan(budget);
});

test('it holds nothing for developers, whoever built it', () => {
  for (const [path, { plain }] of page.assets) {
    expect([path, Buffer.from(plain).includes('.tsx')]).toEqual([path, false]);
  }
});

describe('the built files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'page-files-'));

  afterAll(() => rmSync(folder, { recursive: true }));

  test('are none where nothing was built', () => {
    expect(readPageFiles(join(folder, 'nothing'))).toBeUndefined();
  });

  test('are built again only where a source has changed', async () => {
    expect(await buildPage()).toBe(false);
  });

  test('of unknown kinds are not sent', () => {
    mkdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'index.html'), 'x');
    writeFileSync(join(folder, 'assets', 'notes.txt'), 'x');
    expect(readPageFiles(folder)).toEqual({ document: 'x', assets: new Map() });
  });
});
