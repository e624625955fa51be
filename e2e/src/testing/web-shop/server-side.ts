// What the shop's server and its app send, by `@segment/analytics-node` as it is in its package.
import { setTimeout as sleep } from 'node:timers/promises';
import { Analytics, type HTTPFetchFn } from '@segment/analytics-node';
import { expect } from 'vitest';
import type { SegmentStack } from '../segment-stack.ts';
import type { ShopCall, CallLog } from './calls.ts';

/** Makes calls of the client, and resolves when it has sent them. */
async function makeCalls(
  analytics: Analytics,
  calls: readonly ShopCall[],
  made: CallLog,
  moved = false,
): Promise<void> {
  const failed: unknown[] = [];
  analytics.on('error', ({ reason }) => failed.push(reason));
  for (const call of calls) {
    const { kind, name = '', user, anonymous, time, properties, context = {} } = call;
    const who = anonymous ? { anonymousId: user } : { userId: user };
    const given = { ...who, context, ...(time !== undefined && { timestamp: new Date(time) }) };
    if (kind === 'page') analytics.page({ ...given, properties });
    else if (kind === 'track') analytics.track({ ...given, event: name, properties });
    else throw new Error(`the server does not send ${kind}`);
    made.note(call, time, moved);
    if (call.ref % 200 === 0) await sleep(1);
  }
  await analytics.closeAndFlush({ timeout: 120_000 });
  expect(failed).toEqual([]);
}

/** Sends calls with the secret key. */
export async function sendFromServer(
  { edge: host, writeKey }: SegmentStack,
  calls: readonly ShopCall[],
  made: CallLog,
): Promise<void> {
  const analytics = new Analytics({ writeKey, host, flushInterval: 200, flushAt: 20 });
  await makeCalls(analytics, calls, made);
}

/** Requests that an app has kept, and how it sends them. */
export interface Outbox {
  /** Sends all requests, the newest first, each twice. */
  send: () => Promise<void>;
}

/**
 * An app that has no network: it takes whole requests from the client and keeps them. Where they are sent
 * long after their `sentAt`, the times of their calls are moved.
 */
export async function fillOutbox(
  { edge: host, writeKey }: SegmentStack,
  calls: readonly ShopCall[],
  made: CallLog,
): Promise<Outbox> {
  const kept: Parameters<HTTPFetchFn>[] = [];
  const httpClient: HTTPFetchFn = async (...request) => {
    kept.push(request);
    return Promise.resolve({ status: 200, statusText: 'kept' });
  };
  const analytics = new Analytics({ writeKey, host, flushInterval: 200, flushAt: 5, httpClient });
  await makeCalls(analytics, calls, made, true);
  return {
    async send() {
      for (const [url, { headers, body }] of [...kept, ...kept].toReversed()) {
        const response = await fetch(url, { method: 'POST', headers, body });
        expect([response.status, await response.json()]).toEqual([200, { success: true }]);
      }
    },
  };
}
