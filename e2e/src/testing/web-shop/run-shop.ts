// A web shop as an outsider runs it: it registers types of its own, sends by Segment's clients from browsers,
// phones, an app and a server, and compares all that the pipeline says with its own sums.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import { z } from 'zod';
import { startSegmentStack } from '../segment-stack.ts';
import { browse, browseInBatches, crawl, sendFromPhone, type BrowserStack } from './browsers.ts';
import { CallLog } from './calls.ts';
import { expectApi } from './compare-api.ts';
import { expectDeadLetters, expectMongo } from './compare-stores.ts';
import { planShop, type ShopPlan } from './plan.ts';
import { readerOf } from './reader.ts';
import { fillOutbox, sendFromServer } from './server-side.ts';
import { lateSchema, lateType, newerOrder, putType, registerShop } from './shop-types.ts';

/** How many visitors have their browsers open at one time. */
const atOnce = 4;

/** A stack that takes events of unknown types; or why there is no browser for it. */
export async function startShop(name: string): Promise<BrowserStack | { missing: string }> {
  const env = { UNKNOWN_TYPES: 'take' };
  const stack = await startSegmentStack(name, { python: false, env });
  if (stack.browser !== undefined) return { ...stack, browser: stack.browser };
  await stack.stop();
  return { missing: stack.noBrowser };
}

const seenType = z.object({
  name: z.string(),
  registered: z.boolean(),
  last30d: z.number(),
  fields: z.array(z.string()).optional(),
});

/**
 * Sends events of a type that nobody has registered. It is taken, counted and listed with the names of its
 * fields; then it is registered by them.
 */
async function registerLate(stack: BrowserStack, { unregistered }: ShopPlan, made: CallLog): Promise<void> {
  await sendFromServer(stack, unregistered, made);
  const reader = readerOf(stack.edge, stack.readKey, Date.now());
  const found = await vi.waitFor(
    async () => {
      const { types } = await reader.json('/api/types', z.object({ types: z.array(seenType) }));
      const seen = types.find(({ name }) => name === lateType);
      expect(seen).toMatchObject({ registered: false, last30d: unregistered.length });
      return seen;
    },
    { timeout: 60_000, interval: 200 },
  );
  expect(found?.fields).toEqual(expect.arrayContaining(['ref', 'code', 'percent']));
  await putType(stack, lateType, { schema: lateSchema }, 201);
}

async function sendVisits(stack: BrowserStack, { visits }: ShopPlan, made: CallLog): Promise<void> {
  const waiting = [...visits.entries()];
  async function work(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, visit] = next;
      await (index % 5 === 4 ? browseInBatches : browse)(stack, visit, made);
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work));
}

/** The server's events; between its halves a newer schema comes into force, while all others send. */
async function sendServer(stack: BrowserStack, { server }: ShopPlan, made: CallLog): Promise<void> {
  await sendFromServer(stack, server[0], made);
  expect(await putType(stack, 'Order Completed', { schema: newerOrder }, 200)).toMatchObject({
    mode: 'strict',
  });
  // In force within a second.
  await sleep(1_000);
  await sendFromServer(stack, server[1], made);
}

/** Sends `events` calls, and expects the pipeline to have each that no schema refuses, once. */
export async function runShop(stack: BrowserStack, events: number, seed: number): Promise<void> {
  const plan = planShop({ events, seed, until: Date.now() });
  const made = new CallLog();
  await registerShop(stack);
  const outbox = await fillOutbox(stack, plan.outbox, made);
  const began = Date.now();
  await Promise.all([
    registerLate(stack, plan, made).then(() => sendServer(stack, plan, made)),
    sendVisits(stack, plan, made),
    crawl(stack, plan.crawl, made),
    sendFromPhone(stack, plan.offline, made, { clockIsSlow: false }),
    // Late, but within the hour that the events are in.
    sendFromPhone(stack, plan.slowClock, made, { clockIsSlow: true }).then(outbox.send),
  ]);
  const ended = Date.now();
  const calls = made.stored;
  expect(made.calls.length).toBeGreaterThanOrEqual(events);
  expect(made.refused.length).toBeGreaterThan(0);
  await vi.waitFor(
    async () => expect(await stack.logs.countDocuments()).toBeGreaterThanOrEqual(calls.length),
    {
      timeout: 120_000,
      interval: 200,
    },
  );
  const { edge, readKey } = stack;
  const phones = [plan.offline.anonymousId, plan.slowClock.anonymousId];
  await expectApi({ edge, readKey, ended, calls, senders: { robot: plan.crawl.anonymousId, phones } });
  await expectMongo(stack, calls);
  await expectDeadLetters(stack, made.refused);
  const users = new Set(calls.map(({ user }) => user)).size;
  const [sentMs, comparedMs] = [ended - began, Date.now() - ended];
  console.log(
    `${made.calls.length} events of ${users} users, ${made.refused.length} of them refused, were sent in ${sentMs} ms and compared in ${comparedMs} ms.`,
  );
}
