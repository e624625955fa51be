// The page at the edge of the whole pipeline, from its first event on; and when what it needs goes away.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startMongo } from '@activity/testbed';
import { projectRoot } from '@activity/testbed/paths';
import { loopback } from '@activity/testbed/process/ports';
import { dayOfActivity, postBatch } from './testing/day-of-activity.ts';
import { expectNoBarriers, openBrowser, openPage } from '@activity/testbed/testing/browser';
import { PageService } from './testing/page-service.ts';
import { servers } from '@activity/testbed/testing';
import { startStack, type Stack } from './testing/stack.ts';

const picture = join(projectRoot, 'docs', 'page.png');
let browser: Browser;
let missing = '';

beforeAll(async () => {
  const found = await openBrowser();
  if ('missing' in found) missing = found.missing;
  else browser = found.browser;
}, 300_000);

afterAll(async () => {
  await browser?.close();
});

beforeEach((context) => context.skip(missing !== '', missing));

describe('at the edge of the whole pipeline', () => {
  let stack: Stack;
  let edge: string;

  beforeAll(async () => {
    if (missing !== '') return;
    stack = await startStack('page');
    edge = `http://${loopback}:${stack.ports.ingest}`;
  });

  afterAll(() => stack?.stop());

  test('says how to send the first event, and shows it; then a day of them', async () => {
    const { page, complaints } = await openPage(browser);
    await page.goto(`${edge}/`);
    const command = page.locator('pre.command');
    await command.waitFor();
    // Where it is served by the edge, the command is for this edge.
    expect(await command.innerText()).toContain(`curl ${edge}/api/logs`);
    await expectNoBarriers(page);

    const day = dayOfActivity(1_200, Date.now());
    await postBatch(edge, day.slice(0, 1));
    await page.getByRole('heading', { name: 'Live' }).waitFor();
    await page
      .getByRole('cell', { name: day[0]?.userId ?? '' })
      .first()
      .waitFor();
    await postBatch(edge, day.slice(1));
    const last = day.at(-1);
    await page.goto(`${edge}/#/event/${last?.userId}/${last?.eventId}`);
    await page.getByText('Stored', { exact: true }).first().waitFor();
    await expectNoBarriers(page);
    await page.goto(`${edge}/#/pipeline`);
    await page.getByText('Healthy', { exact: true }).waitFor();
    await page.getByRole('row', { name: /Stored new events 1,200/ }).waitFor();
    await expectNoBarriers(page);
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 120_000);

  test('is pictured in the README as it is (delete docs/page.png to have it taken again)', async () => {
    const { page } = await openPage(browser);
    await page.setViewportSize({ width: 1280, height: 1016 });
    await page.goto(`${edge}/`);
    await page
      .getByRole('row', { name: /^PAGE_VIEW/ })
      .first()
      .waitFor();
    await page.getByText('As of').waitFor();
    await page.getByRole('img', { name: /1,200 events/ }).waitFor();
    if (!existsSync(picture)) await page.screenshot({ path: picture, animations: 'disabled' });
    expect(statSync(picture).size).toBeLessThan(200_000);
    expect(readFileSync(join(projectRoot, 'README.md'), 'utf8')).toContain('docs/page.png');
    await page.context().close();
  }, 60_000);
});

describe('when what it needs goes away', () => {
  test('the service: says so, and comes back by itself without a gap', async () => {
    await using service = await PageService.start(servers().mongodb, 'page-away');
    const { page } = await service.openSignedIn(browser, '#/events');
    await page.getByText('Live', { exact: true }).waitFor();
    await service.pause();
    await page.getByText('The query service cannot be reached').waitFor();
    await page.getByText('Connecting again').waitFor();
    await expectNoBarriers(page);
    const meanwhile = await service.store();
    await service.resume();
    await page.getByRole('cell', { name: meanwhile }).waitFor();
    await page.getByText('The query service cannot be reached').waitFor({ state: 'detached' });

    service.revokeKey();
    await page.getByText('Your session has ended').waitFor();
    expect(await page.getByLabel('API key').count()).toBe(1);
    await page.context().close();
  }, 120_000);

  test('MongoDB: keeps what it shows, says of when it is, and goes on when it is back', async () => {
    await using mongo = await startMongo();
    await using service = await PageService.start(mongo.address, 'activity');
    const { page } = await service.openSignedIn(browser, '#/');
    const cell = page.getByRole('region', { name: 'Top users' }).getByRole('cell').first();
    await cell.waitFor();
    await page.locator('.stage').first().waitFor();
    await mongo.kill();
    await page
      .getByText('The query service cannot answer: the database does not answer in time.')
      .waitFor({ timeout: 60_000 });
    expect(await cell.count()).toBe(1);
    await expectNoBarriers(page);
    await page.reload();
    await page.getByText('Not available right now').first().waitFor();
    await expectNoBarriers(page);
    await mongo.restart();
    await cell.waitFor({ timeout: 40_000 });
    await page.context().close();
  }, 180_000);
});

test('every other view is without barriers', async () => {
  await using service = await PageService.start(servers().mongodb, 'page-views');
  const { page, complaints } = await service.openSignedIn(browser, '#/');
  const views = [
    ['#/events?user=user-1&range=custom', 'events, newest first'],
    ['#/events?user=nobody', 'No event matches'],
    ['#/find', 'Event id'],
    ['#/event/user-1/nothing', 'Not known'],
    ['#/nonsense', 'There is nothing at this address'],
  ] as const;
  for (const [hash, until] of views) {
    await page.goto(`${service.url}/${hash}`);
    await page.getByText(until).first().waitFor();
    await expectNoBarriers(page);
  }
  expect(complaints).toEqual([]);
  await page.goto(`${service.url}/#/users/nobody`);
  await page.getByText('Nobody by this name').waitFor();
  await expectNoBarriers(page);
  await page.context().close();
}, 120_000);
