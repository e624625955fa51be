// Clients of Segment's API, unmodified, on the real pipeline, whose edge is killed while they send; and what
// docs/segment.md shows.
import type { Browser } from 'playwright-core';
import { openBrowser } from '@activity/testbed/testing/browser';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sendByNode, sendByPython, sendByRudder, whyNoPython, type SendAll } from './testing/segment-clients.ts';
import { sendByPage } from './testing/segment-page.ts';
import { startSegmentStack, type SegmentStack } from './testing/segment-stack.ts';

let stack: SegmentStack;
let browser: Browser | undefined;
let noBrowser = '';
let noPython = '';

beforeAll(async () => {
  [stack, noPython] = await Promise.all([startSegmentStack('segment'), whyNoPython()]);
  const found = await openBrowser();
  if ('missing' in found) noBrowser = found.missing;
  else browser = found.browser;
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

const sendInBrowser: SendAll = async (sending) => {
  if (browser === undefined) throw new Error(noBrowser);
  return sendByPage(browser, stack.page.origin, sending);
};

const count = 150;
const clients: [string, SendAll, () => string][] = [
  ['@segment/analytics-node', sendByNode, () => ''],
  ['@rudderstack/rudder-sdk-node', sendByRudder, () => ''],
  ['segment-analytics-python', sendByPython, () => noPython],
  ['@segment/analytics-next', sendInBrowser, () => noBrowser],
];

test.for(clients)(
  'the edge is killed while %s sends: what it reports as delivered is stored once',
  { timeout: 180_000 },
  async ([name, sendAll, missing], { skip }) => {
    skip(missing() !== '', missing());
    const { edge, writeKey } = stack;
    const userId = `user of ${name}`;
    const sending = sendAll({ edge, writeKey, userId, count, everyMs: 30 });
    const stored = (): Promise<number> => stack.logs.countDocuments({ userId });
    await expect.poll(stored, { timeout: 30_000, interval: 20 }).toBeGreaterThan(10);
    expect(await stored()).toBeLessThan(count);
    await stack.kill('ingest');
    const reported = await sending;
    expect(reported.failed).toEqual([]);
    expect(new Set(reported.delivered).size).toBe(count);
    await stack.expectStored(reported);
  },
);
