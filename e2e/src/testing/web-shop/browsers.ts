// The browsers of the web shop's visitors: Chromium with Segment's client as it is in its package.
import { setTimeout as sleep } from 'node:timers/promises';
import type { BrowserContext, BrowserContextOptions, Page, Request } from 'playwright-core';
import { expect } from 'vitest';
import { z } from 'zod';
import { batching } from '../segment-page.ts';
import type { SegmentStack } from '../segment-stack.ts';
import { numbered, refOf, type ShopCall, type CallLog } from './calls.ts';
import type { Visit } from './plan.ts';

/** The stack, with a browser. */
export type BrowserStack = SegmentStack & { browser: NonNullable<SegmentStack['browser']> };

const desktop =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
const robot =
  'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Googlebot/2.1; +http://www.google.com/bot.html) Chrome/140.0.0.0 Safari/537.36';
const mobile = {
  userAgent:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
  viewport: { width: 390, height: 844 },
};
/** How slow the clock of the second phone is, in milliseconds. */
const slowMs = 3 * 3_600_000;

// As text: these run in the browser. The user of a call is set when it is made, as docs/segment.md shows: a
// visitor logs in while calls of before are on their way.
const loadClient = `async ({ writeKey, edge, options, anonymousId }) => {
  window.failed = [];
  window.analytics = AnalyticsNext.AnalyticsBrowser.load({ writeKey, cdnURL: edge }, options);
  analytics.addSourceMiddleware(({ payload, next }) => {
    payload.obj.userId ??= payload.obj.anonymousId;
    next(payload);
  });
  analytics.on('error', ({ code, reason }) => code === 'delivery_failure' && failed.push(String(reason)));
  if (anonymousId !== undefined) await analytics.setAnonymousId(anonymousId);
  await analytics.ready();
}`;
const callClient = `async ({ calls, wait }) => {
  const made = calls.map(({ kind, name, user, time, properties }) => {
    const options = time === undefined ? {} : { timestamp: new Date(time) };
    if (kind === 'identify') return analytics.identify(user, properties, options);
    if (kind === 'page') return analytics.page(properties, options);
    return analytics.track(name, properties, options);
  });
  if (!wait) return [];
  const contexts = await Promise.all(made);
  return contexts.map(({ event }) => new Date(event.timestamp).getTime());
}`;
const slowClock = `const RealDate = Date;
  Date = class extends RealDate {
    constructor(...given) { if (given.length > 0) super(...given); else super(RealDate.now() - ${slowMs}); }
    static now() { return RealDate.now() - ${slowMs}; }
  };`;

async function load(page: Page, stack: BrowserStack, anonymousId?: string, options = {}): Promise<void> {
  const given = { writeKey: stack.page.writeKey, edge: stack.edge, options, anonymousId };
  await page.evaluate(`(${loadClient})(${JSON.stringify(given)})`);
}

/** Makes calls of the client. Returns their times, where it is waited for. */
async function makeCalls(page: Page, calls: readonly ShopCall[], wait: boolean): Promise<number[]> {
  return page.evaluate<number[]>(`(${callClient})(${JSON.stringify({ calls, wait })})`);
}

const oneCall = z.object({ properties: numbered }).or(z.object({ traits: numbered }));

/** The numbers of the calls in a request of the client's. */
function refsIn(request: Request): number[] {
  const body: unknown = JSON.parse(request.postData() ?? '{}');
  const { batch = [body] } = z.object({ batch: z.array(z.unknown()).optional() }).parse(body);
  return batch
    .map((one) => oneCall.parse(one))
    .map((call) => ('properties' in call ? call.properties.ref : call.traits.ref));
}

/** What a browser's client sends. */
interface Sent {
  /** Its requests, in their order. */
  readonly requests: Request[];
  /**
   * Waits until the client has begun to send these calls. One that it has not begun to send is lost when the
   * page is left.
   */
  begun(calls: readonly ShopCall[]): Promise<void>;
  /**
   * Waits until the edge has taken all of these calls. Of a page that was left, the browser may not say what
   * came back: then MongoDB, where `logs` are given, has what was taken.
   */
  all(calls: readonly ShopCall[], page: Page, logs?: SegmentStack['logs']): Promise<void>;
}

/** Watches what the pages of a context send. */
function watch(context: BrowserContext): Sent {
  const requests: Request[] = [];
  const delivered = new Set<number>();
  context.on('request', (request) => {
    if (request.method() === 'POST') requests.push(request);
  });
  context.on('response', (response) => {
    const request = response.request();
    if (request.method() !== 'POST' || response.status() >= 400) return;
    for (const ref of refsIn(request)) delivered.add(ref);
  });
  return {
    requests,
    async begun(calls) {
      const left = (): number[] => missing(calls, new Set(requests.flatMap(refsIn)));
      await expect.poll(left, { timeout: 60_000, interval: 10 }).toEqual([]);
    },
    async all(calls, page, logs) {
      const userId = { $in: [...new Set(calls.map(({ user }) => user))] };
      async function left(): Promise<number[]> {
        const open = calls.filter(({ ref }) => !delivered.has(ref));
        if (open.length === 0 || logs === undefined) return open.map(({ ref }) => ref);
        const stored = await logs.find({ userId }).toArray();
        return missing(open, new Set(stored.map(({ metadata }) => refOf(metadata))));
      }
      await expect.poll(left, { timeout: 180_000, interval: 100 }).toEqual([]);
      expect(await page.evaluate<string[]>('failed')).toEqual([]);
    },
  };
}

function missing(calls: readonly ShopCall[], refs: ReadonlySet<number | undefined>): number[] {
  return calls.map(({ ref }) => ref).filter((ref) => !refs.has(ref));
}

async function openContext(stack: BrowserStack, options: BrowserContextOptions): Promise<BrowserContext> {
  const context = await stack.browser.newContext(options);
  context.setDefaultTimeout(60_000);
  return context;
}

/** How a browser goes from page to page. */
interface Browsing {
  userAgent?: string;
  /** Options of the client. */
  options?: object;
  /** It leaves a page when all is sent, rather than in the middle of sending. */
  waits?: boolean;
}

/**
 * A browser that goes from page to page. It leaves all pages but the last at once, in the middle of sending;
 * what the client keeps of them, the next page sends.
 */
export async function browse(
  stack: BrowserStack,
  { anonymousId, pages }: Visit,
  made: CallLog,
  { userAgent = desktop, options = {}, waits = false }: Browsing = {},
): Promise<void> {
  const { logs } = stack;
  const context = await openContext(stack, { userAgent });
  const sent = watch(context);
  const page = await context.newPage();
  for (const [index, calls] of pages.entries()) {
    await page.goto(`${stack.page.origin}/${index}`);
    await load(page, stack, index === 0 ? anonymousId : undefined, options);
    const isLast = index === pages.length - 1;
    const times = await makeCalls(page, calls, isLast || waits);
    for (const [place, call] of calls.entries()) made.note(call, call.time ?? times[place]);
    await (waits ? sent.all(calls, page) : sent.begun(calls));
  }
  await sent.all(pages.flat(), page, logs);
  await context.close();
}

/** A browser whose client sends batches. It waits: the client keeps no batch that is on its way. */
export async function browseInBatches(stack: BrowserStack, visit: Visit, made: CallLog): Promise<void> {
  await browse(stack, visit, made, { options: batching, waits: true });
}

/** A robot that runs scripts. */
export async function crawl(stack: BrowserStack, visit: Visit, made: CallLog): Promise<void> {
  await browse(stack, visit, made, { userAgent: robot, waits: true });
}

/**
 * A phone that is offline when its calls are made, and whose page is left before it is online again. A
 * third of the responses is lost, so that the client sends these calls again; and later all its requests come
 * once more, byte for byte, in another order.
 */
export async function sendFromPhone(
  stack: BrowserStack,
  { anonymousId, pages }: Visit,
  made: CallLog,
  { clockIsSlow }: { clockIsSlow: boolean },
): Promise<void> {
  const context = await openContext(stack, mobile);
  if (clockIsSlow) await context.addInitScript({ content: slowClock });
  const sent = watch(context);
  const page = await context.newPage();
  await page.goto(stack.page.origin);
  await load(page, stack, anonymousId);
  await context.setOffline(true);
  const calls = pages.flat();
  const byItsClock = calls.map((call) => (clockIsSlow ? { ...call, time: (call.time ?? 0) - slowMs } : call));
  await makeCalls(page, byItsClock, true);
  for (const call of calls) made.note(call, call.time, clockIsSlow);
  await page.goto('about:blank');
  expect(sent.requests).toEqual([]);
  let requests = 0;
  await context.route(`${stack.edge}/v1/**`, async (route) => {
    if (route.request().method() !== 'POST' || requests++ % 3 !== 0) return route.continue();
    await route.fetch();
    return route.abort('connectionreset');
  });
  await context.setOffline(false);
  await page.goto(stack.page.origin);
  await load(page, stack);
  await sent.all(calls, page);
  expect(sent.requests.length).toBeGreaterThan(calls.length);
  const again = sent.requests.toReversed();
  await context.close();
  for (const request of again) await replay(request, stack.page.origin);
}

async function replay(request: Request, origin: string): Promise<void> {
  const { authorization = '' } = request.headers();
  const headers = { authorization, origin, 'content-type': 'text/plain', 'user-agent': mobile.userAgent };
  for (;;) {
    const response = await fetch(request.url(), { method: 'POST', headers, body: request.postData() ?? '' });
    await response.arrayBuffer();
    if (response.status === 200) return;
    expect(response.status).toBe(429);
    await sleep(Number(response.headers.get('retry-after') ?? 1) * 1_000);
  }
}
