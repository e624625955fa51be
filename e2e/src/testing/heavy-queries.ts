// Queries that could cost the query service much time, and a MongoDB that has what makes them heavy.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { collections, defaultActivityTypes, windowId, windowSizes } from '@activity/contracts';
import { repeat } from '@activity/testbed/testing/repeat';
import { Long, type Db, type Document } from 'mongodb';
import { migrate } from '@activity/connect/migrate';

/** One kind of query. `share` of its usual number of requests is sent, between 0 and 1. */
export interface HeavyQuery {
  what: string;
  /** How long it may hold the event loop, in milliseconds, where that is not 50. */
  mostMs?: number;
  send: (service: { url: string; port: number }, share: number, db: Db) => Promise<unknown>;
}

const day = windowSizes.day;
const now = Math.floor(Date.now() / day) * day;
const texts = 400;
const values = 400;
let nextId = 1_000_000;

/** A log of one second before the one with the number before it. `newest` is the time of number 0. */
export function logOf(id: number, fields: Document, newest: number = now): Document {
  const timestamp = new Date(newest - id * 1_000);
  const times = { timestamp, receivedAt: timestamp, createdAt: timestamp };
  return {
    _id: Long.fromNumber(id),
    eventId: `e${id}`,
    userId: 'u',
    activityType: 'LOGIN',
    ...times,
    ...fields,
  };
}

/** Logs as large as the edge takes them: of one long text, or of as many values as an event may have. */
function largeLog(id: number): Document {
  if (id < texts) return logOf(id, { metadata: { text: 'x'.repeat(27_000) } });
  const names = Array.from({ length: 990 }, (_, index) => [`name-of-${index}`, `value ${index}`]);
  return logOf(id, { userId: 'values', metadata: Object.fromEntries(names) });
}

/** The counts of a minute. */
function countsOf(windowStart: Date, index: number): Document {
  const byType = Object.fromEntries(defaultActivityTypes.map((type) => [type, Long.fromNumber(index)]));
  const windowEnd = new Date(windowStart.getTime() + windowSizes.minute);
  const total = Long.fromNumber(index * defaultActivityTypes.length);
  return { size: 'minute', windowStart, windowEnd, total, byType };
}

/** Fills an empty database. */
export async function fillHeavy(db: Db): Promise<void> {
  await migrate(db, { markerTtlSeconds: 3_600, windowTtlDays: { minute: 30, hour: 90, day: 730 } });
  for (let from = 0; from < texts + values; from += 200) {
    const some = Array.from({ length: 200 }, (_, index) => largeLog(from + index));
    await db.collection(collections.logs).insertMany(some);
  }
  const minutes = Array.from({ length: 4_990 }, (_, index) => {
    const windowStart = new Date(now - index * windowSizes.minute);
    const _id = windowId('minutes', 'minute', windowStart.toISOString());
    return { _id, userId: 'minutes', ...countsOf(windowStart, index) };
  });
  await db.collection<Document & { _id: string }>(collections.counts).insertMany(minutes);
  const ofAll = Array.from({ length: 60 * 288 }, (_, index) => {
    const windowStart = new Date(now - index * 5 * windowSizes.minute);
    return { _id: `minute|${windowStart.toISOString()}`, ...countsOf(windowStart, index) };
  });
  await db.collection<Document & { _id: string }>(collections.globalCounts).insertMany(ofAll);
}

/** Sends the head of a request as it is, and reads what comes for so long. */
async function hold(port: number, path: string, headers: readonly string[], ms: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  const closed = new Promise((resolve) => {
    socket.once('close', resolve);
  });
  socket.write([`GET ${path} HTTP/1.1`, 'host: localhost', ...headers, '', ''].join('\r\n'));
  await Promise.race([closed, sleep(ms)]);
  socket.destroy();
}

function reads(what: string, path: string | ((index: number) => string), times = 20, atOnce = 2): HeavyQuery {
  return {
    what,
    send: async ({ url }, share) =>
      repeat(Math.ceil(times * share), atOnce, async (index) => {
        const response = await fetch(`${url}${typeof path === 'string' ? path : path(index)}`);
        await response.arrayBuffer();
      }),
  };
}

const iso = (time: number): string => new Date(time).toISOString();
const many = (text: string): string => text.repeat(Math.floor(15_900 / text.length));
const types = Array.from({ length: 3_000 }, (_, index) => index.toString(36)).join(',');

/** All kinds. */
export const heavyQueries: readonly HeavyQuery[] = [
  reads('pages of large texts', '/api/logs?limit=100&userId=u'),
  reads('pages of many values', '/api/logs?limit=100&userId=values'),
  reads('deep pages', (index) => `/api/logs?limit=1&page=${500 + index}`, 100, 20),
  reads('pages of a wide network', '/api/logs?ip=0.0.0.0/1'),
  reads('pages of a narrow IPv6 network', '/api/logs?ip=2001:db8::/77'),
  reads('exports of large texts', '/api/logs/export?userId=u', 8, 4),
  reads('exports of many values', '/api/logs/export?userId=values', 4, 4),
  reads('exports of many values as CSV', '/api/logs/export?userId=values&format=csv&limit=200', 4, 2),
  reads('waits for logs that never come', (index) => `/api/logs/never-${index}?wait=300ms`, 400, 200),
  reads(
    'a user’s timeline of 5,000 minutes',
    `/api/users/minutes/timeline?interval=hour&tz=Asia/Kathmandu&from=${iso(now - 3 * day)}`,
  ),
  reads(
    'days in a time zone',
    `/api/stats/timeline?interval=day&tz=America/St_Johns&from=${iso(now - 390 * day)}`,
  ),
  reads(
    'hours in a time zone',
    `/api/stats/timeline?interval=hour&tz=Asia/Kathmandu&from=${iso(now - 60 * day)}`,
  ),
  reads('minutes', `/api/stats/timeline?interval=minute&from=${iso(now - day)}`),
  reads('types of 400 days', `/api/stats/types?from=${iso(now - 390 * day)}`),
  reads('active users of 90 days', '/api/stats/active-users?days=90'),
  reads('top users of 400 days', `/api/stats/top-users?from=${iso(now - 390 * day)}`),
  reads('traces of what nobody knows', (index) => `/api/events/e-${index}/trace?userId=u`, 40, 20),
  reads('the OpenAPI document and the metrics', (index) => (index % 2 === 0 ? '/openapi.json' : '/metrics')),
  reads('thousands of types', `/api/logs?activityType=${types}`),
  reads('thousands of types, repeated', `/api/logs?${many('activityType=x&')}`),
  reads(
    'thousands of parameters',
    `/api/logs?${Array.from({ length: 3_000 }, (_, index) => index.toString(36)).join('&')}`,
  ),
  reads('a time of 16 KB', `/api/logs?from=${many('+')}`),
  reads('another time of 16 KB', `/api/logs?from=${many('2026-')}`),
  reads('a user of 16 KB', `/api/logs?userId=${many('%20')}`),
  reads('a time zone of 16 KB', `/api/stats/timeline?tz=${many('A/')}`),
  reads('a path of 16 KB', many('/a')),
  reads('an encoded path of 16 KB', `/api/logs/${many('%41')}`),
  reads('a path of slashes', `/${many('/')}`),
  {
    what: 'headers of 16 KB',
    send: async ({ port }, share) =>
      repeat(Math.ceil(40 * share), 4, async (index) => {
        const header = [
          `cookie: ${many('a=b; ')}`,
          `authorization: Bearer ${many('x')}`,
          `accept: ${many('a,')}`,
        ];
        await hold(
          port,
          '/api/logs',
          ['connection: close', (header[index % 3] ?? '').slice(0, 16_000)],
          2_000,
        );
      }),
  },
  {
    what: 'a thousand headers',
    send: async ({ port }, share) => {
      const headers = Array.from({ length: 1_300 }, (_, index) => `a${index}:`);
      await repeat(Math.ceil(40 * share), 4, async () =>
        hold(port, '/api/logs', ['connection: close', ...headers], 2_000),
      );
    },
  },
  {
    what: 'thousands of requests on one connection, without waiting for their answers',
    // Node's own: it parses all that it reads at a time, 64 KB, in one piece, and ends each request of a
    // connection with an error of its own.
    mostMs: 100,
    send: async ({ port }) => {
      const one = 'GET /api/logs/none HTTP/1.1\r\nhost: localhost\r\n\r\n';
      await hold(port, '/api/logs/none', ['', one.repeat(5_000)], 2_000);
    },
  },
  {
    what: 'many large logs that 100 tails are told of',
    send: async ({ port }, share, db) => {
      const tails = Array.from({ length: 100 }, async () => hold(port, '/api/logs/tail', [], 4_000));
      await sleep(1_000);
      const some = Array.from({ length: Math.ceil(400 * share) }, () => ({ ...largeLog(nextId++) }));
      await db.collection(collections.logs).insertMany(some);
      await Promise.all(tails);
    },
  },
  {
    what: 'a tail that comes back to many large logs',
    send: async ({ url }, share, db) => {
      const first = await fetch(`${url}/api/logs/tail`);
      const reader = first.body?.getReader();
      const chunk = await reader?.read();
      await reader?.cancel();
      const id = /^id: (\S+)$/m.exec(Buffer.from(chunk?.value ?? []).toString())?.[1] ?? '';
      const some = Array.from({ length: Math.ceil(400 * share) }, () => ({ ...largeLog(nextId++) }));
      await db.collection(collections.logs).insertMany(some);
      const again = await fetch(`${url}/api/logs/tail`, { headers: { 'last-event-id': id } });
      const rest = again.body?.getReader();
      for (const end = Date.now() + 3_000; Date.now() < end;) {
        const next = await Promise.race([rest?.read(), sleep(3_000)]);
        if (next === undefined || next.done) break;
      }
      await rest?.cancel();
    },
  },
];
