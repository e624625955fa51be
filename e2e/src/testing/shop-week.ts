// A week of a shop: events of some users over seven days until now, in the order of time.
import { defaultActivityTypes, windowSizes } from '@activity/contracts';
import { randomOf } from '@activity/testbed/testing/random';

/** One event of the shop. */
export interface ShopEvent {
  eventId: string;
  userId: string;
  activityType: string;
  /** Epoch milliseconds. */
  time: number;
}

/** How much of it. */
export interface ShopWeekOptions {
  name: string;
  events: number;
  users: number;
  until: number;
  seed: number;
}

/** Makes the events. A few users do most, and there is more by day than by night. */
export function shopWeek({ name, events, users, until, seed }: ShopWeekOptions): ShopEvent[] {
  const random = randomOf(seed);
  const times = Array.from({ length: events }, () => {
    const day = until - Math.floor(random() * 7) * windowSizes.day;
    return Math.floor(day - random() * random() * windowSizes.day);
  });
  return times
    .toSorted((a, b) => a - b)
    .map((time, index) => ({
      eventId: `${name}-${index}`,
      userId: `${name}-user-${index < users ? index : Math.floor(random() * random() * users)}`,
      activityType: defaultActivityTypes[Math.floor(random() * defaultActivityTypes.length)] ?? 'LOGIN',
      time,
    }));
}

/** An event with the times between which it was taken: when it was sent, and when that was acknowledged. */
export interface SentEvent extends ShopEvent {
  sentAt: number;
  acknowledgedAt: number;
}

/** Posts events in batches, one after the other, and notes in `sent` when; calls `between` after each. */
export async function postShopEvents(
  edge: string,
  events: readonly ShopEvent[],
  sent: SentEvent[],
  between: () => Promise<void>,
): Promise<void> {
  for (let from = 0; from < events.length; from += 50) {
    const some = events.slice(from, from + 50);
    const batch = some.map((event) => ({ ...event, sentAt: Date.now(), acknowledgedAt: Infinity }));
    sent.push(...batch);
    const body = some.map(({ time, ...event }) => ({ ...event, timestamp: new Date(time).toISOString() }));
    const answer = await fetch(`${edge}/api/logs/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (answer.status !== 207 || /"status":(?!201)/.test(text)) throw new Error(`${answer.status} ${text}`);
    const now = Date.now();
    for (const event of batch) event.acknowledgedAt = now;
    await between();
  }
}
