// A week of a shop posted to a stack while every statistic is read each second: no answer contradicts its
// asOf, and all comes right.
import { setTimeout as sleep } from 'node:timers/promises';
import { windowSizes } from '@activity/contracts';
import { expect, vi } from 'vitest';
import { postShopEvents, shopWeek, type SentEvent } from './shop-week.ts';
import { watchStatistics } from './statistics.ts';

const { day } = windowSizes;

/** Where, and how much. */
export interface ReadWhilePostedOptions {
  edge: string;
  query: string;
  events: number;
  users: number;
  seed: number;
  /** How long after the last POST all must be right, and as of later, in milliseconds. */
  withinMs: number;
}

/**
 * Posts, reads and expects. Returns how long after the last POST the numbers were right, and their asOf was
 * later, in milliseconds.
 */
export async function readWhilePosted(
  options: ReadWhilePostedOptions,
): Promise<{ rightMs: number; asOfMs: number }> {
  const { edge, query, users, seed, withinMs } = options;
  const events = shopWeek({ name: 'shop', events: options.events, users, until: Date.now(), seed });
  const sent: SentEvent[] = [];
  const today = Math.floor(Date.now() / day) * day;
  const watching = watchStatistics(query, sent, {
    from: today - 8 * day,
    to: today + day,
    users: ['shop-user-0', 'shop-user-7', `shop-user-${users / 2}`],
  });
  const posting = new AbortController();
  async function watch(): Promise<void> {
    while (!posting.signal.aborted) {
      await watching.read();
      await sleep(1_000);
    }
  }
  const watched = watch();
  await postShopEvents(edge, events, sent, () => sleep(150)).finally(() => posting.abort());
  const ended = Date.now();
  await watched;
  await vi.waitFor(async () => expect(await watching.read()).toEqual([]), {
    timeout: withinMs,
    interval: 250,
  });
  const rightMs = Date.now() - ended;
  // Every user once, after the time was taken: three of them were read all the while.
  const all = [...new Set(events.map(({ userId }) => userId))];
  const everybody = watchStatistics(query, sent, { from: today - 8 * day, to: today + day, users: all });
  expect(await everybody.read()).toEqual([]);
  expect(everybody.wrong).toEqual([]);
  await vi.waitFor(
    async () => {
      await watching.read();
      expect(Math.min(...watching.asOf.values())).toBeGreaterThan(ended);
    },
    { timeout: withinMs, interval: 500 },
  );
  const asOfMs = Date.now() - ended;
  console.log(
    `${watching.answers} answers; ${rightMs} ms after the last POST all were right, ${asOfMs} ms after it their asOf was later.`,
  );
  expect(watching.wrong).toEqual([]);
  expect(watching.answers).toBeGreaterThan(options.events / 30);
  return { rightMs, asOfMs };
}
