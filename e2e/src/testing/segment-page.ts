// Segment's client for browsers in a real one, on a page of an origin of its own.
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { projectRoot } from '@activity/testbed/paths';
import { openPage } from '@activity/testbed/testing/browser';
import type { Browser, Request } from 'playwright-core';
import { expect } from 'vitest';
import { z } from 'zod';
import { event, type Reported, type Sending } from './segment-clients.ts';

const bundles = join(projectRoot, 'node_modules', '@segment', 'analytics-next', 'dist', 'umd');
const html = '<!doctype html><meta charset="utf-8"><title>Shop</title><script src="/index.js"></script>';

/** The server of the page. */
export interface PageServer {
  /** The page's origin, to be listed in CORS_ORIGINS. */
  origin: string;
  stop(): Promise<void>;
}

/** Serves the page and the client's bundle as it is in the package. */
export async function servePage(): Promise<PageServer> {
  const server: Server = createServer(({ url = '/' }, response) => {
    const { pathname } = new URL(url, 'http://page.example');
    if (!pathname.endsWith('.js')) return response.setHeader('content-type', 'text/html').end(html);
    response.setHeader('content-type', 'text/javascript');
    return createReadStream(join(bundles, basename(pathname)))
      .on('error', () => response.writeHead(404).end())
      .pipe(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const sentEvent = z.object({ messageId: z.string() });

/** The message ids in a request of the client's. */
function idsIn(request: Request): string[] {
  const body: unknown = JSON.parse(request.postData() ?? '{}');
  const { batch = [body] } = z.object({ batch: z.array(z.unknown()).optional() }).parse(body);
  return batch.map((one) => sentEvent.parse(one).messageId);
}

// As text: these run in the browser.
const load = ({ edge, writeKey, userId }: Sending, options: object): string => `
  window.failed = [];
  window.analytics = AnalyticsNext.AnalyticsBrowser.load(
    ${JSON.stringify({ writeKey, cdnURL: edge })}, ${JSON.stringify(options)});
  analytics.on('error', ({ code, ctx }) => code === 'delivery_failure' && failed.push(ctx.event.messageId));
  analytics.identify(${JSON.stringify(userId)}).then(({ event }) => event.messageId)`;
const track = (index: number): string =>
  `analytics.track('${event}', { index: ${index} }).then((ctx) => ctx.event.messageId)`;

/** Options with which the client sends batches to `/v1/b`, rather than each call by itself. */
export const batching = {
  integrations: {
    'Segment.io': { deliveryStrategy: { strategy: 'batching', config: { size: 10, timeout: 300 } } },
  },
};

/**
 * Sends by `@segment/analytics-next`: an `identify`, then the events. What the client takes for delivered are
 * the responses below 400.
 */
export async function sendByPage(
  browser: Browser,
  origin: string,
  sending: Sending,
  options: object = {},
): Promise<Reported> {
  const { page } = await openPage(browser);
  const delivered: string[] = [];
  page.on('response', (response) => {
    const request = response.request();
    if (request.method() === 'POST' && response.status() < 400) delivered.push(...idsIn(request));
  });
  await page.goto(origin);
  const tracked = [await page.evaluate<string>(load(sending, options))];
  for (let index = 1; index < sending.count; index++) {
    tracked.push(await page.evaluate<string>(track(index)));
    await page.waitForTimeout(sending.everyMs);
  }
  let failed: string[] = [];
  await expect
    .poll(
      async () => {
        failed = await page.evaluate<string[]>('failed');
        const known = new Set([...delivered, ...failed]);
        return tracked.filter((id) => !known.has(id));
      },
      { timeout: 120_000, interval: 100 },
    )
    .toEqual([]);
  await page.context().close();
  return { delivered, failed };
}
