// Watches events: how long after their POST a GET returns them, and how long until they are counted.
import { setTimeout as sleep } from 'node:timers/promises';

/** A watched event. */
export interface Watched {
  userId: string;
  activityType: string;
  eventId: string;
  metadata: object;
}

/** Milliseconds from before the POST of each event to the end of the GET that had it; infinite: never. */
export interface Seen {
  logs: number[];
  /** In the windows of its user. */
  windows: number[];
  /** In the totals of its user. */
  totals: number[];
}

/** Where to post and where to read. */
export interface Addresses {
  edge: string;
  query: string;
}

/** Events of a turn, and how long their posts take, in milliseconds. A page of logs has all of them. */
const turn = { events: 50, ms: 500 };
const pollMs = { logs: 20, counts: 50 };
/**
 * Later it asks less often, by this part of the time that has passed: else what is slow is asked more, and
 * gets slower.
 */
const pollPart = 0.1;
const patienceMs = 30_000;
const headers = { 'content-type': 'application/json' };

/** How many events a second are watched. */
export const watchedPerSecond = (turn.events / turn.ms) * 1_000;

/** Posts one event; resolves once it is accepted. */
export async function post(edge: string, event: Watched): Promise<void> {
  const response = await fetch(`${edge}/api/logs`, { method: 'POST', headers, body: JSON.stringify(event) });
  await response.arrayBuffer();
  if (response.status !== 201) throw new Error(`the edge returned ${response.status}`);
}

async function getJson(url: string): Promise<unknown> {
  const response = await fetch(url);
  const body: unknown = await response.json();
  // A user of whom nothing is known yet is 404.
  if (response.status !== 200 && response.status !== 404)
    throw new Error(`${url} returned ${response.status}`);
  return body;
}

/** Reads until `isThere` has found every event, or has been patient. Returns how long each took. */
async function readUntil<Body>(
  url: string,
  everyMs: number,
  sent: readonly { eventId: string; at: number }[],
  isThere: (body: Body) => (event: { eventId: string }, index: number) => boolean,
): Promise<number[]> {
  const times: number[] = Array.from({ length: turn.events }, () => Infinity);
  const gaveUp = performance.now() + turn.ms + patienceMs;
  while (performance.now() < gaveUp) {
    const began = performance.now();
    const body = (await getJson(url)) as Body;
    const now = performance.now();
    const there = isThere(body);
    // What was posted after the GET had begun is another one's.
    sent.forEach((event, index) => {
      if (times[index] === Infinity && there(event, index)) times[index] = now - event.at;
    });
    if (times.every((time) => time !== Infinity)) break;
    const oldest = sent.find((_, index) => times[index] === Infinity)?.at ?? now;
    await sleep(Math.max(everyMs - (now - began), pollPart * (now - oldest)));
  }
  return times;
}

/**
 * Posts the events of one turn, which are of a user that has no others, and watches them. In the counts an
 * event is there when as many are counted as were posted until then, itself included.
 */
export async function watchTurn(
  { edge, query }: Addresses,
  userId: string,
  event: () => Watched,
): Promise<Seen> {
  const sent: { eventId: string; at: number }[] = [];
  async function postAll(): Promise<void> {
    const began = performance.now();
    const posts: Promise<void>[] = [];
    for (let index = 0; index < turn.events; index++) {
      const early = began + (index * turn.ms) / turn.events - performance.now();
      if (early > 0) await sleep(early);
      const one = { ...event(), userId };
      sent.push({ eventId: one.eventId, at: performance.now() });
      posts.push(post(edge, one));
    }
    await Promise.all(posts);
  }
  interface Page {
    data: { eventId: string }[];
  }
  interface Timeline {
    buckets: { total: number }[];
  }
  const user = `${query}/api/users/${userId}`;
  const [logs, windows, totals] = await Promise.all([
    readUntil<Page>(`${query}/api/logs?userId=${userId}&limit=100`, pollMs.logs, sent, ({ data }) => {
      const found = new Set(data.map(({ eventId }) => eventId));
      return ({ eventId }) => found.has(eventId);
    }),
    // Hours may be written less often than minutes.
    readUntil<Timeline>(`${user}/timeline?interval=hour`, pollMs.counts, sent, ({ buckets }) => {
      const counted = buckets.reduce((sum, { total }) => sum + total, 0);
      return (_, index) => index < counted;
    }),
    readUntil<{ total?: number }>(`${user}/activity`, pollMs.counts, sent, ({ total = 0 }) => {
      return (_, index) => index < total;
    }),
    postAll(),
  ]);
  return { logs, windows, totals };
}
