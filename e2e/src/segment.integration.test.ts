// Clients of Segment's API, unmodified, on the real pipeline, whose edge is killed while they send; and what
// docs/segment.md shows.
import { join } from 'node:path';
import { projectRoot } from '@activity/testbed/paths';
import { run } from '@activity/testbed/process/run';
import { openPage } from '@activity/testbed/testing/browser';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  runPython,
  sendByNode,
  sendByPython,
  sendByRudder,
  type Sending,
} from './testing/segment-clients.ts';
import { batching, sendByPage } from './testing/segment-page.ts';
import { runSnippet, snippet } from './testing/segment-snippets.ts';
import { startSegmentStack, type SegmentStack } from './testing/segment-stack.ts';

let stack: SegmentStack;

beforeAll(async () => {
  stack = await startSegmentStack('segment');
}, 300_000);

afterAll(async () => {
  await stack?.stop();
});

test('the edge is killed while the clients send: what they report as delivered is stored once', async () => {
  const { edge, writeKey, page, logs, browser, noBrowser, noPython } = stack;
  const count = 200;
  const given = (userId: string): Sending => ({
    edge,
    writeKey,
    userId,
    count,
    everyMs: 40,
  });
  const clients = {
    node: sendByNode(given('node')),
    rudder: sendByRudder(given('rudder')),
    ...(noPython === '' && { python: sendByPython(given('python')) }),
    ...(browser && {
      page: sendByPage(browser, page.origin, { ...given('page'), writeKey: page.writeKey }),
      batches: sendByPage(browser, page.origin, { ...given('batches'), writeKey: page.writeKey }, batching),
    }),
  };
  for (const reason of [noPython, noBrowser]) if (reason !== '') console.log(`Left out: ${reason}`);
  const users = Object.keys(clients);
  const stored = async (): Promise<number[]> =>
    Promise.all(users.map((userId) => logs.countDocuments({ userId })));
  await expect
    .poll(async () => Math.min(...(await stored())), { timeout: 30_000, interval: 20 })
    .toBeGreaterThan(10);
  expect(Math.max(...(await stored()))).toBeLessThan(count);
  await stack.kill('ingest');
  for (const [name, sending] of Object.entries(clients)) {
    const reported = await sending;
    expect([name, reported.failed, new Set(reported.delivered).size]).toEqual([name, [], count]);
    await stack.expectStored(reported);
  }
}, 180_000);

/** The logs of a user, by their types, when there are `count`. */
async function logsOf(userId: string, count: number): Promise<Record<string, unknown>> {
  await expect.poll(() => stack.logs.countDocuments({ userId }), { timeout: 30_000 }).toBe(count);
  const found = await stack.logs.find({ userId }).toArray();
  return Object.fromEntries(found.map((log) => [log.activityType, log]));
}

const bought = { BUTTON_CLICK: { metadata: { button: 'buy' } } };
const identified = { IDENTIFY: { metadata: { traits: { plan: 'pro' } } } };

test.each([
  ['node', 'ada', { ...bought, ...identified }],
  ['rudder', 'grace', bought],
  ['shell', 'edsger', bought],
] as const)('the page’s example: %s', async (name, userId, expected) => {
  const output = await runSnippet(name === 'shell' ? 'shell' : 'node', snippet(name, stack));
  expect(output).not.toContain('rror');
  expect(await logsOf(userId, Object.keys(expected).length)).toMatchObject(expected);
});

test('the page’s example: python', async ({ skip }) => {
  skip(stack.noPython !== '', stack.noPython);
  await runPython(snippet('python', stack));
  expect(await logsOf('alan', 1)).toMatchObject(bought);
});

test('the page’s example: browser', async ({ skip }) => {
  if (stack.browser === undefined) return skip(stack.noBrowser);
  const { edge, page: server } = stack;
  const { page } = await openPage(stack.browser);
  await page.goto(`${server.origin}/pricing?utm_source=mail`);
  const text = snippet('browser', { edge, writeKey: server.writeKey });
  const imported = "import { AnalyticsBrowser } from '@segment/analytics-next';";
  expect(text).toContain(imported);
  await page.evaluate(
    text.replace(imported, 'const { AnalyticsBrowser } = AnalyticsNext;') + 'window.analytics = analytics;',
  );
  const anonymousId = await page.evaluate<string>('analytics.user().then((user) => user.anonymousId())');
  const found = await logsOf(anonymousId, 2);
  expect(found).toMatchObject(bought);
  expect(found).toMatchObject({
    PAGE_VIEW: {
      metadata: { anonymousId, path: '/pricing', library: { name: 'analytics.js' } },
      page: { source: 'mail' },
      client: { browser: expect.stringMatching(/chrom/i) },
      bot: expect.any(Boolean),
    },
  });
  await page.context().close();
});

test('an event of any name is a dead letter until its type is registered, and then replayed', async () => {
  const { edge, writeKey, kafka, logs } = stack;
  const authorization = `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}`;
  async function track(messageId: string, properties: object): Promise<unknown> {
    const call = { userId: 'ada', event: 'Order Completed', messageId, properties };
    const body = JSON.stringify(call);
    const answer = await fetch(`${edge}/v1/track`, { method: 'POST', headers: { authorization }, body });
    return answer.json();
  }
  const refused = (reason: RegExp): object => ({
    success: true,
    deadLettered: 1,
    reasons: [{ index: 0, reason: expect.stringMatching(reason) }],
  });
  expect(await track('early', { total: 5 })).toEqual(refused(/^activityType: is not registered/));
  await expect.poll(() => stack.deadLetters(), { timeout: 30_000 }).toBeGreaterThan(0);

  await runSnippet('shell', snippet('type', stack));
  await expect
    .poll(() => track('right', { total: 7 }), { timeout: 5_000, interval: 50 })
    .toEqual({ success: true });
  expect(await track('wrong', { total: 'seven' })).toEqual(refused(/^metadata\.total: /));
  const tool = join(projectRoot, 'connect', 'src', 'dead-letters', 'main.ts');
  const env = { KAFKA_BROKERS: kafka };
  const { code } = await run({
    file: process.execPath,
    args: [tool, 'replay', '--reason', 'invalid', '--limit', '1'],
    env,
  });
  expect(code).toBe(0);
  const orders = { userId: 'ada', activityType: 'Order Completed' };
  await expect.poll(() => logs.countDocuments(orders), { timeout: 30_000 }).toBe(2);
  expect(await logs.find(orders).sort({ eventId: 1 }).toArray()).toMatchObject([
    { eventId: 'early', metadata: { total: 5 } },
    { eventId: 'right', metadata: { total: 7 } },
  ]);
});
