// Visitors of the shop: tabs that track events, and are closed in the middle of sending, offline too.
import { setTimeout as sleep } from 'node:timers/promises';
import { randomOf } from '@activity/testbed/testing/random';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';

/** How many visitors, and what they do. */
export interface VisitOptions {
  /** Browsers' profiles: each has a queue of its own. */
  visitors: number;
  /** Tabs of each visitor, three at a time. */
  tabsEach: number;
  seed: number;
}

/** What the tabs have tracked. */
export interface Visits {
  /** The eventIds that `track` returned. */
  tracked: string[];
  /** How many of them were still kept when their tab closed. */
  keptAtClose: number;
  /** What was dropped, and why. */
  dropped: string[];
}

const kept = `Object.keys(localStorage).filter((name) => name.startsWith('activity:event:')).length`;

/**
 * Opens and closes tabs. Each tracks events at random moments and is closed without waiting; each third group
 * of tabs goes offline before its last events, and is closed there but for one. In the end each visitor opens
 * one more tab, which sends what is left.
 */
export async function visit(
  browser: Browser,
  origin: string,
  { visitors, tabsEach, seed }: VisitOptions,
): Promise<Visits> {
  const visits: Visits = { tracked: [], keptAtClose: 0, dropped: [] };
  const random = randomOf(seed);

  async function open(context: BrowserContext): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`${origin}/tab`);
    await page.waitForFunction('window.activity');
    return page;
  }

  async function track(page: Page, count: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      const call = `activity.track('BUTTON_CLICK', { index: ${index}, text: 'é'.repeat(${Math.floor(random() * 200)}) })`;
      visits.tracked.push(await page.evaluate<string>(call));
      await sleep(random() * 60);
    }
  }

  async function close(page: Page): Promise<void> {
    visits.keptAtClose += (await page.evaluate<number>(kept)) > 0 ? 1 : 0;
    visits.dropped.push(...(await page.evaluate<string[]>('dropped')));
    await page.close();
  }

  async function visitor(): Promise<void> {
    const context = await browser.newContext();
    for (let opened = 0, group = 0; opened < tabsEach; opened += 3, group++) {
      const tabs: Page[] = [];
      for (let tab = opened; tab < Math.min(tabsEach, opened + 3); tab++) tabs.push(await open(context));
      await Promise.all(tabs.map((page) => track(page, 1 + Math.floor(random() * 6))));
      if (group % 3 === 2) {
        const [last, ...others] = tabs;
        await context.setOffline(true);
        await Promise.all(tabs.map((page) => track(page, 2)));
        for (const page of others) await close(page);
        await context.setOffline(false);
        if (last !== undefined) await close(last);
      } else await Promise.all(tabs.map(close));
    }
    const page = await open(context);
    await expect.poll(() => page.evaluate<number>(kept), { timeout: 180_000, interval: 100 }).toBe(0);
    await close(page);
    await context.close();
  }

  await Promise.all(Array.from({ length: visitors }, visitor));
  return visits;
}
