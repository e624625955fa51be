// Web pages with public keys in a real browser, through a real edge, broker and processor: the page of
// docs/browsers.md, tabs that close in the middle of sending, keys that change. The slow test has 200 tabs.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { topicEnvironment, topicsNamed, topicsOf } from '@activity/contracts';
import { ensureTopics } from '@activity/local/parts/topics';
import { revokeKey, setOrigins } from '@activity/service';
import { servers } from '@activity/testbed/testing';
import { openBrowser } from '@activity/testbed/testing/browser';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { startService, type ServiceProcess } from './testing/service-process.ts';
import { makePublicKey, serveShop, type Shop } from './testing/shop.ts';
import { visit } from './testing/shop-tabs.ts';
import { startWitness, type Witness } from './testing/witness.ts';

interface Log {
  eventId: string;
  userId: string;
  activityType: string;
  metadata: Record<string, unknown>;
}

const name = `browsers-${process.pid}`;
const names = topicEnvironment(topicsNamed(name));
const folder = mkdtempSync(join(tmpdir(), 'activity-browsers-'));
const keys = join(folder, 'keys.json');
let browser: Browser;
let missing = '';
let shop: Shop;
let key: string;
let edge: ServiceProcess;
let processor: ServiceProcess;
let witness: Witness;

beforeAll(async () => {
  const found = await openBrowser();
  if ('missing' in found) {
    missing = found.missing;
    return;
  }
  browser = found.browser;
  shop = await serveShop();
  key = await makePublicKey(keys, shop.origin);
  const brokers = servers().kafka;
  await ensureTopics(brokers, topicsOf(names), 2);
  witness = await startWitness(brokers, [names.KAFKA_ENRICHED_TOPIC]);
  const env = { ...names, KAFKA_BROKERS: brokers, KAFKA_GROUP_ID: name, STATE_DIR: folder };
  edge = await startService('ingest', { ...env, API_KEYS_FILE: keys });
  processor = await startService('processor', env);
  await Promise.all([edge.until(200, 60_000), processor.until(200, 120_000)]);
  shop.sendTo(edge.url, key);
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await Promise.all([edge?.stop(), processor?.stop(), witness?.close(), shop?.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

beforeEach((context) => context.skip(missing !== '', missing));

function logs(): Log[] {
  return witness.seen.map(({ value }) => value as Log);
}

test('the page of the documentation sends, and the edge notes who it is', async () => {
  const context = await browser.newContext({ userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0' });
  const page = await context.newPage();
  await page.goto(`${shop.origin}/?utm_source=letter`);
  const log = await vi.waitFor(() => {
    const view = logs().find(({ activityType }) => activityType === 'PAGE_VIEW');
    return view ?? Promise.reject(new Error('nothing is stored yet'));
  }, 20_000);
  expect(log).toMatchObject({
    userId: log.metadata['anonymousId'],
    metadata: { url: `${shop.origin}/?utm_source=letter`, ip: '127.0.0.0' },
    address: { version: 4, prefix: '127.0.0.0/24' },
    client: { browser: 'Firefox', os: 'Linux' },
    page: { source: 'letter' },
  });
  expect(await page.evaluate(`localStorage.getItem('activity:user')`)).toBe('ada');
  await context.close();
});

test('whatever tabs have tracked is stored once, though they are closed and offline', async () => {
  const { tracked, keptAtClose, dropped } = await visit(browser, shop.origin, {
    visitors: 1,
    tabsEach: 10,
    seed: 1,
  });
  expect(dropped).toEqual([]);
  expect(keptAtClose).toBeGreaterThan(0);
  const ids = new Set(tracked);
  const stored = (): string[] => logs().flatMap(({ eventId }) => (ids.has(eventId) ? [eventId] : []));
  await vi.waitFor(() => expect(new Set(stored())).toEqual(ids), 30_000);
  expect(stored()).toHaveLength(ids.size);
});

/** What a page gets for a JSON request with its key in a header, which needs a preflight request. */
async function ask(page: Page, given: string, keepalive = false): Promise<number | string> {
  return page.evaluate<number | string>(`fetch(${JSON.stringify(`${edge.url}/api/logs`)}, {
    method: 'POST', keepalive: ${keepalive},
    headers: { 'content-type': 'application/json', 'x-api-key': ${JSON.stringify(given)} },
    body: JSON.stringify({ userId: 'u', activityType: 'LOGIN' }),
  }).then(({ status }) => status, ({ name }) => name)`);
}

test('pages of other origins are kept out until the key has their origin; a revoked key is refused', async () => {
  const other = await serveShop();
  const id = key.slice(8, 20);
  const page = await browser.newPage();
  await page.goto(`${other.origin}/activity.js`);
  expect(await ask(page, key)).toBe('TypeError');
  const changed = performance.now();
  await setOrigins(keys, id, [shop.origin, other.origin], new Date());
  await vi.waitFor(async () => expect(await ask(page, key)).toBe(201), { timeout: 5_000, interval: 50 });
  expect(performance.now() - changed).toBeLessThan(1_500);
  expect(await ask(page, key, true)).toBe(201);
  await revokeKey(keys, id, new Date());
  // The page's own answer is kept from it: no key is for its origin any more.
  await vi.waitFor(async () => expect(await ask(page, key)).toBe('TypeError'), {
    timeout: 5_000,
    interval: 50,
  });
  await page.close();
  await other.stop();
});
