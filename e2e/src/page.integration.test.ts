// The page in a real browser, on a query service with keys: sign-in, the views, the live tail, the keyboard.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { expectNoBarriers, openBrowser } from '@activity/testbed/testing/browser';
import { PageService } from './testing/page-service.ts';
import { servers } from '@activity/testbed/testing';
import { userOf } from './testing/stored-activity.ts';

let browser: Browser;
let service: PageService;
let missing = '';

beforeAll(async () => {
  const found = await openBrowser();
  if ('missing' in found) missing = found.missing;
  else {
    browser = found.browser;
    service = await PageService.start(servers().mongodb, 'page');
  }
  // A browser may have to be installed.
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

beforeEach((context) => context.skip(missing !== '', missing));

test('asks for a key, says when it is wrong, and goes on where one wanted to be', async () => {
  const { page, complaints } = await service.open(browser, '#/pipeline');
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await expectNoBarriers(page);
  await page.getByLabel('API key').fill('act_000000000000_wrong');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('This key is not known').waitFor();
  expect(complaints.splice(0)).toEqual([expect.stringContaining('403')]);
  await page.getByLabel('API key').fill(service.key);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Pipeline', level: 1 }).waitFor();
  // Not even this page's scripts can read the session.
  expect(await page.evaluate('document.cookie')).toBe('');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('shows its views without a complaint and without barriers', async () => {
  await service.store({ activityType: 'cart.add – 注文', metadata: { sku: 'a', amount: 1 } });
  const { page, complaints } = await service.openSignedIn(browser, '#/');
  const views = [
    ['#/', 'Top users'],
    [`#/users/${userOf(1)}`, 'Types, last 24 hours'],
    ['#/types', 'fields: sku, amount'],
    ['#/pipeline', 'The connect supervisor does not answer'],
  ] as const;
  for (const [hash, until] of views) {
    await page.goto(`${service.url}/${hash}`);
    await page.getByText(until).first().waitFor();
    await page.locator('.skeleton').first().waitFor({ state: 'detached' });
    await expectNoBarriers(page);
  }
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('the tail shows what is stored as it is stored; paused, it holds back; a filter lets through what it says', async () => {
  const { page, complaints } = await service.openSignedIn(browser, '#/events');
  await page.getByText('Live', { exact: true }).waitFor();
  const first = await service.store();
  await page.getByRole('cell', { name: first }).waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  const second = await service.store();
  await page.getByRole('button', { name: 'Resume (1 new)' }).waitFor();
  expect(await page.getByRole('cell', { name: second }).count()).toBe(0);
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('cell', { name: second }).waitFor();
  await page.getByRole('checkbox', { name: 'ERROR' }).check();
  await expect.poll(() => page.url()).toContain('type=ERROR');
  await page.getByText('Live', { exact: true }).waitFor();
  const other = await service.store();
  const wanted = await service.store({ activityType: 'ERROR' });
  await page.getByRole('cell', { name: wanted }).waitFor();
  expect(await page.getByRole('cell', { name: other }).count()).toBe(0);
  await page.goBack();
  await page.getByRole('cell', { name: other }).waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('a user’s name leads to the user, and back', async () => {
  const { page, complaints } = await service.openSignedIn(browser, '#/');
  const top = page.getByRole('region', { name: 'Top users, last 24 hours' });
  await top.getByRole('link', { name: userOf(1), exact: true }).click();
  await page.getByRole('heading', { level: 1, name: userOf(1) }).waitFor();
  // Those who hear the page hear where they are.
  expect(await page.evaluate('document.activeElement.tagName')).toBe('H1');
  expect(await page.title()).toBe(`User ${userOf(1)} · Activity`);
  await page
    .getByRole('button', { name: /Details of event event-/ })
    .first()
    .waitFor();
  await page.goBack();
  await top.waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('one range for the whole view, which is in the address', async () => {
  const { page, complaints } = await service.openSignedIn(browser, '#/');
  await page.getByRole('radio', { name: 'Last 7 days' }).check();
  await expect.poll(() => page.url()).toContain('range=7d');
  await page.getByRole('region', { name: 'Types, last 7 days' }).waitFor();
  await page
    .getByRole('region', { name: 'Top users, last 7 days' })
    .getByRole('link', { name: userOf(1), exact: true })
    .waitFor();
  await page.getByRole('button', { name: 'PAGE_VIEW' }).click();
  await expect.poll(() => page.url()).toContain('type=PAGE_VIEW');
  await page.reload();
  await page.getByRole('img', { name: /of them PAGE_VIEW/ }).waitFor();
  expect(await page.getByRole('radio', { name: 'Last 7 days' }).isChecked()).toBe(true);
  await page.getByRole('link', { name: 'The PAGE_VIEW events of this time' }).click();
  await expect.poll(() => page.url()).toMatch(/#\/events\?type=PAGE_VIEW&range=7d$/);
  await page.getByText('events, newest first').waitFor();
  expect(await page.getByLabel('Time', { exact: true }).inputValue()).toBe('7d');
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('a bar leads to its own time, and a bar of that to its events', async () => {
  const { page, complaints } = await service.openSignedIn(browser, '#/');
  const plot = page.locator('.plot canvas');
  await plot.waitFor();
  const box = await plot.boundingBox();
  if (!box) throw new Error('there is no chart');
  await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2);
  const hour = await page.locator('.chart-note b').innerText();
  await page.mouse.click(box.x + box.width * 0.6, box.y + box.height / 2);
  await expect.poll(() => page.url()).toContain('range=custom');
  await page.getByRole('region', { name: 'Top users, chosen time' }).waitFor();
  const range = new URLSearchParams(page.url().split('?')[1]);
  expect(Date.parse(range.get('to') ?? '') - Date.parse(range.get('from') ?? '')).toBe(3_600_000);
  // For the keyboard, the table has the same.
  await page.getByText('As a table').click();
  const minute = page.getByRole('region', { name: 'as a table' }).getByRole('button').first();
  expect((await minute.innerText()).slice(0, 12)).toBe(hour.slice(0, 12));
  await minute.click();
  await expect.poll(() => page.url()).toContain('#/events?range=custom');
  await page.getByText(/event(s)?, newest first/).waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('a user who was seen last a year ago opens where there are events', async () => {
  const lastSeen = new Date(Date.now() - 365 * 86_400_000);
  await service.storeUser('long-ago', lastSeen, 7);
  const { page, complaints } = await service.openSignedIn(browser, '#/users/long-ago');
  await page.getByRole('img', { name: /^7 events/ }).waitFor();
  expect(await page.getByRole('radio', { name: 'A time of your own' }).isChecked()).toBe(true);
  await page.getByRole('region', { name: 'Types, chosen time' }).getByText('LOGIN').waitFor();
  await expectNoBarriers(page);
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('a row shows its first fields, and all of them when it is opened; every filter is in the address', async () => {
  const metadata = { plan: 'pro', amount: 12, cart: [{ sku: 'x' }], note: 'the fourth', ip: '198.51.100.9' };
  const eventId = await service.store({ userId: 'buyer', metadata, client: { device: 'tv' } });
  const { page, complaints } = await service.openSignedIn(browser, '#/events');
  const row = page.getByRole('row').filter({ has: page.getByRole('button', { name: eventId }) });
  await row.getByText('plan: pro · amount: 12 · cart: [{"sku":"x"}]').waitFor();
  await row.getByRole('button').click();
  const details = page.locator('.details');
  for (const text of ['the fourth', '198.51.100.9', eventId]) await details.getByText(text).waitFor();
  await expectNoBarriers(page);
  await page.getByText('More filters').click();
  await page.getByLabel('Device').fill('tv');
  await page.keyboard.press('Enter');
  await expect.poll(() => page.url()).toContain('device=tv');
  await page.getByLabel('Address or network').fill('198.51.100.9');
  await page.keyboard.press('Enter');
  await page.getByText('1 event, newest first').waitFor();
  await page.reload();
  await page.getByText('1 event, newest first').waitFor();
  expect(await page.getByLabel('Device').inputValue()).toBe('tv');
  await expectNoBarriers(page);
  expect(complaints).toEqual([]);
  await page.context().close();
});

/** What the focused element is called. */
const focused = `(() => {
  const element = document.activeElement;
  return (element.ariaLabel || element.labels?.[0]?.innerText || element.innerText || element.id).trim();
})()`;

test('can be used with the keyboard alone', async () => {
  const { page } = await service.openSignedIn(browser, '#/events');
  await page.getByText('Live', { exact: true }).waitFor();
  const reached: string[] = [];
  await page.evaluate('document.activeElement.blur()');
  for (let index = 0; index < 60; index++) {
    await page.keyboard.press('Tab');
    const name = await page.evaluate<string>(focused);
    reached.push(name);
    if (name !== 'LOGIN') continue;
    await page.keyboard.press('Space');
    await expect.poll(() => page.url()).toContain('type=LOGIN');
    await page.getByText('events, newest first').waitFor();
  }
  const views = ['Overview', 'Events', 'Find an event', 'Types', 'Pipeline'];
  const start = ['Skip to the content', 'Activity', ...views];
  expect(reached.slice(0, start.length)).toEqual(start);
  const others = [
    'Go to a user',
    'Sign out',
    'Pause',
    'User',
    'Time',
    'LOGIN',
    'ERROR',
    'Clear filters',
    'CSV',
  ];
  expect(reached).toEqual(expect.arrayContaining(others));
  await page.context().close();
});
