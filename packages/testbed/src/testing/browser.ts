// A real browser for tests of the page, and what is wrong with any page: faults, forbidden content, barriers.
import axe from 'axe-core';
import { chromium, type Browser, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { ensureChromium } from '../fetch/chromium.ts';
import { reasonOf } from '../process/problem.ts';

/** A browser; or why there is none, so that its tests can be skipped with the reason. */
export type BrowserFound = { browser: Browser } | { missing: string };

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts a browser, which may be installed for it. */
export async function openBrowser(): Promise<BrowserFound> {
  let executablePath: string;
  try {
    executablePath = await ensureChromium({ report: (line) => console.log(line) });
  } catch (error) {
    return { missing: reasonOf(error) };
  }
  return { browser: await chromium.launch({ executablePath, args }) };
}

// As text: these run in the browser.
const tellOfForbidden = `document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
  console.error('forbidden by ' + violatedDirective + ': ' + blockedURI))`;
const tooWide = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';

const opened = { width: 1440, height: 900 };

/** A page with what it complained of. */
export interface WatchedPage {
  page: Page;
  /** Errors of scripts, of the console, and what the policy forbade. */
  complaints: string[];
}

/** Opens a page of its own, without the cookies of others. */
export async function openPage(browser: Browser): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: opened });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  await page.addInitScript({ content: tellOfForbidden });
  return { page, complaints };
}

/** The serious and critical barriers that axe finds, and whether one must scroll sideways. */
async function barriers(page: Page): Promise<string[]> {
  // Not as a script element, which the policy would forbid.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<axe.AxeResults>('axe.run()');
  const sideways = await page.evaluate<number>(tooWide);
  return [
    ...violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`),
    ...(sideways > 0 ? [`${sideways} pixels too wide`] : []),
  ];
}

const looks = [
  { colorScheme: 'light', width: 1440 },
  { colorScheme: 'dark', width: 390 },
] as const;

/**
 * Expects no barrier, neither light on a wide screen nor dark on a phone, and that nobody must scroll
 * sideways on a tablet. Leaves the page as it was opened.
 */
export async function expectNoBarriers(page: Page): Promise<void> {
  for (const { colorScheme, width } of looks) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    expect([page.url(), colorScheme, await barriers(page)]).toEqual([page.url(), colorScheme, []]);
  }
  // Between the two, what would not fit shows first.
  await page.setViewportSize({ width: 768, height: 900 });
  expect([page.url(), await page.evaluate<number>(tooWide)]).toEqual([page.url(), 0]);
  await page.setViewportSize(opened);
  await page.emulateMedia({ colorScheme: null });
}
