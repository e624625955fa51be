// Each client of Segment's API alone, unmodified, while the edge and the broker are killed again and again.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sendByNode, sendByPython, sendByRudder, type SendAll } from './testing/segment-clients.ts';
import { sendByPage } from './testing/segment-page.ts';
import { startSegmentStack, type SegmentStack } from './testing/segment-stack.ts';

let stack: SegmentStack;

beforeAll(async () => {
  stack = await startSegmentStack('segment-slow');
}, 300_000);

afterAll(async () => {
  await stack?.stop();
});

const sendInBrowser: SendAll = async (sending) => {
  const { page, browser, noBrowser } = stack;
  if (browser === undefined) throw new Error(noBrowser);
  return sendByPage(browser, page.origin, { ...sending, writeKey: page.writeKey });
};

const clients: [string, SendAll, () => string][] = [
  ['@segment/analytics-node', sendByNode, () => ''],
  ['@rudderstack/rudder-sdk-node', sendByRudder, () => ''],
  ['segment-analytics-python', sendByPython, () => stack.noPython],
  ['@segment/analytics-next', sendInBrowser, () => stack.noBrowser],
];

test.for(clients)(
  'broker and edge are killed three times while %s sends: what it reports as delivered is stored once',
  { timeout: 600_000 },
  async ([name, sendAll, missing], { skip }) => {
    skip(missing() !== '', missing());
    const { edge, writeKey, logs } = stack;
    const userId = `user of ${name}`;
    const count = 2_000;
    let ended = false;
    const sending = sendAll({ edge, writeKey, userId, count, everyMs: 40 }).finally(() => (ended = true));
    await expect.poll(() => logs.countDocuments({ userId }), { timeout: 30_000 }).toBeGreaterThan(10);
    for (const part of ['kafka', 'ingest', 'kafka', 'ingest', 'kafka', 'ingest']) {
      await sleep(3_000);
      expect(ended).toBe(false);
      await stack.kill(part);
    }
    const reported = await sending;
    console.log(`${name}: ${reported.delivered.length} delivered, ${reported.failed.length} failed`);
    expect(reported.delivered.length + reported.failed.length).toBeGreaterThanOrEqual(count);
    expect(reported.failed).toEqual([]);
    await stack.expectStored(reported);
  },
);
