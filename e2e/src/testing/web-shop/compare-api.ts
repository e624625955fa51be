// The public API of the pipeline against the shop's own sums.
import { expect } from 'vitest';
import { z } from 'zod';
import { refOf, typeOf, type MadeCall } from './calls.ts';
import { readerOf, type Reader } from './reader.ts';
import { byTime, byType, byUser, countBy, lengths, moneyOf, sorted, startOf, sumOf } from './sums.ts';
import type { Counts, Unit } from './sums.ts';

const counts = z.record(z.string(), z.number());
const timeline = z.object({
  buckets: z.array(z.object({ start: z.string(), total: z.number(), byType: counts })),
});
const log = z.looseObject({
  eventId: z.string(),
  userId: z.string(),
  activityType: z.string(),
  timestamp: z.string(),
  metadata: z.record(z.string(), z.unknown()),
  bot: z.boolean().optional(),
  client: z.looseObject({ device: z.string().optional() }).optional(),
});
type StoredLog = z.infer<typeof log>;

/** How far a moved time may be from the one that the shop meant, in milliseconds. */
const movedMs = 10 * 60_000;
/** How far the totals of lists are counted. */
const mostCounted = 10_000;

function flat({ buckets }: z.infer<typeof timeline>): Counts {
  const cells = buckets.flatMap(({ start, total, byType: types }) => {
    expect([start, sum(types)]).toEqual([start, total]);
    return Object.entries(types).map(([type, count]) => [`${start} ${type}`, count] as const);
  });
  return sorted(cells);
}

function sum(types: Counts): number {
  return Object.values(types).reduce((all, one) => all + one, 0);
}

/** The whole hours and days that the calls are in. */
function rangeOf(calls: readonly MadeCall[]): string {
  const times = calls.map(({ time }) => time);
  const to = Math.max(...times) + lengths.day;
  return `from=${startOf(Math.min(...times), 'day')}&to=${startOf(to, 'day')}`;
}

/** Expects each log to be what was sent, and each call to be stored once. */
function expectLogs(logs: readonly StoredLog[], calls: readonly MadeCall[]): void {
  expect(logs.length).toBe(calls.length);
  const byRef = new Map(logs.map((one) => [refOf(one.metadata), one]));
  const wrong = calls.flatMap((call) => {
    const found = byRef.get(call.ref);
    if (found === undefined) return [`${call.ref} is not stored`];
    const { metadata, timestamp } = found;
    const is = Date.parse(timestamp);
    const isRight = call.moved
      ? Math.abs(is - call.time) < movedMs && startOf(is, 'hour') === startOf(call.time, 'hour')
      : is === call.time;
    const meant = call.kind === 'identify' ? { traits: call.properties } : call.properties;
    const wanted = [typeOf(call), call.user, true];
    const got = [found.activityType, found.userId, isRight];
    try {
      expect(got).toEqual(wanted);
      expect(metadata).toMatchObject(meant);
    } catch (error) {
      return [`${call.ref} at ${new Date(call.time).toISOString()}, stored ${timestamp}: ${String(error)}`];
    }
    return [];
  });
  expect(wrong.slice(0, 20)).toEqual([]);
}

async function expectEveryone(reader: Reader, calls: readonly MadeCall[]): Promise<void> {
  const range = rangeOf(calls);
  for (const unit of ['hour', 'day'] satisfies Unit[]) {
    const found = await reader.complete(`/api/stats/timeline?interval=${unit}&${range}`, timeline);
    expect(flat(found)).toEqual(byTime(calls, unit));
  }
  const typesShape = z.object({
    total: z.number(),
    types: z.array(z.object({ activityType: z.string(), total: z.number() })),
  });
  const types = await reader.complete(`/api/stats/types?${range}`, typesShape);
  expect(types.total).toBe(calls.length);
  expect(sorted(types.types.map(({ activityType, total }) => [activityType, total]))).toEqual(byType(calls));

  const users = byUser(calls);
  const overviewShape = z.object({
    events: z.object({ total: z.number() }),
    users: z.object({ known: z.number(), monthly: z.number() }),
  });
  const overview = await reader.complete('/api/stats/overview', overviewShape);
  expect(overview).toEqual({
    events: { total: calls.length },
    users: { known: users.size, monthly: users.size },
  });

  const activeShape = z.object({ days: z.array(z.object({ day: z.string(), users: z.number() })) });
  const { days } = await reader.complete('/api/stats/active-users?days=9', activeShape);
  const active = [...users.values()].flatMap((some) =>
    Object.keys(countBy(some, ({ time }) => startOf(time, 'day'))),
  );
  expect(sorted(days.map(({ day, users: found }) => [`${day}T00:00:00.000Z`, found]))).toEqual(
    countBy(active, (day) => day),
  );

  const topShape = z.object({ users: z.array(z.object({ userId: z.string(), total: z.number() })) });
  const totals = [...users.values()].map((some) => some.length).toSorted((a, b) => b - a);
  for (const query of ['window=all', range]) {
    const top = await reader.complete(`/api/stats/top-users?limit=100&${query}`, topShape);
    expect(top.users.map(({ total }) => total)).toEqual(totals.slice(0, 100));
    for (const { userId, total } of top.users)
      expect([userId, total]).toEqual([userId, users.get(userId)?.length]);
  }
}

async function expectUser(
  reader: Reader,
  userId: string,
  calls: readonly MadeCall[],
  range: string,
): Promise<void> {
  const name = encodeURIComponent(userId);
  const shape = z.object({
    total: z.number(),
    byType: counts,
    firstSeen: z.string(),
    lastSeen: z.string(),
  });
  const { firstSeen, lastSeen, ...found } = await reader.complete(
    `/api/users/activity?userId=${name}`,
    shape,
  );
  expect([userId, found]).toEqual([userId, { total: calls.length, byType: byType(calls) }]);
  if (calls.every(({ moved }) => !moved)) {
    const times = calls.map(({ time }) => time);
    const [first, last] = [Math.min(...times), Math.max(...times)].map((time) =>
      new Date(time).toISOString(),
    );
    expect([userId, firstSeen, lastSeen]).toEqual([userId, first, last]);
  }
  for (const interval of ['hour', 'day'] satisfies Unit[]) {
    const path = `/api/users/timeline?userId=${name}&interval=${interval}&${range}`;
    expect([userId, flat(await reader.complete(path, timeline))]).toEqual([userId, byTime(calls, interval)]);
  }
}

async function expectUsers(reader: Reader, calls: readonly MadeCall[]): Promise<void> {
  const range = rangeOf(calls);
  const waiting = [...byUser(calls)];
  async function work(): Promise<void> {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
      await expectUser(reader, ...next, range);
  }
  await Promise.all(Array.from({ length: 6 }, work));
}

/** The pages of a user's list, and what filters find. */
async function expectLists(
  reader: Reader,
  calls: readonly MadeCall[],
  senders: ApiComparison['senders'],
): Promise<void> {
  const page = z.object({
    data: z.array(log),
    pagination: z.object({ total: z.number(), totalIs: z.string(), next: z.string().nullable() }),
  });
  const [busiest, some] = [...byUser(calls)].toSorted(([, a], [, b]) => b.length - a.length)[0] ?? ['', []];
  const filter = `userId=${encodeURIComponent(busiest)}&limit=50`;
  const listed: StoredLog[] = [];
  let next: string | null = '';
  while (next !== null) {
    const cursor: string = next === '' ? '' : `&cursor=${encodeURIComponent(next)}`;
    const { data, pagination } = await reader.json(`/api/logs?${filter}${cursor}`, page);
    expect(pagination).toMatchObject({ total: some.length, totalIs: 'exact' });
    listed.push(...data);
    next = pagination.next;
  }
  expectLogs(listed, some);
  // A name may have commas and parentheses.
  const filters = Object.keys(byType(calls)).map((type): [string, (call: MadeCall) => boolean] => [
    `activityType=${encodeURIComponent(type)}`,
    (call) => typeOf(call) === type,
  ]);
  filters.push(
    // A request of a page that is left has the browser's own user agent. The robot leaves no page early.
    [`bot=true&userId=${senders.robot}`, ({ user }) => user === senders.robot],
    [`bot=false&userId=${senders.robot}`, () => false],
    ['device=mobile', ({ user }) => senders.phones.includes(user)],
  );
  for (const [query, isFound] of filters) {
    const { data, pagination } = await reader.json(`/api/logs?limit=100&${query}`, page);
    const wanted = new Set(calls.filter(isFound).map(({ ref }) => ref));
    const wrong = data.filter(({ metadata }) => !wanted.has(refOf(metadata) ?? -1));
    expect([query, wrong]).toEqual([query, []]);
    const total = { total: wanted.size, totalIs: 'exact' };
    expect([query, pagination]).toMatchObject([
      query,
      wanted.size > mostCounted ? { totalIs: 'estimate' } : total,
    ]);
  }
}

const typesShape = z.object({
  types: z.array(
    z.looseObject({
      name: z.string(),
      registered: z.boolean(),
      mode: z.string(),
      last30d: z.number(),
      lastSeen: z.string().nullable(),
      violations: z.number(),
    }),
  ),
});

async function expectTypes(reader: Reader, calls: readonly MadeCall[]): Promise<void> {
  const { types } = await reader.complete('/api/types', typesShape);
  expect(sorted(types.map(({ name, last30d }) => [name, last30d]))).toEqual(byType(calls));
  for (const [type, some] of Map.groupBy(calls, typeOf)) {
    const found = types.find(({ name }) => name === type);
    const mode = type === 'IDENTIFY' ? 'off' : 'strict';
    expect(found).toMatchObject({ name: type, registered: true, mode, violations: 0 });
    if (some.every(({ moved }) => !moved)) {
      const last = Math.max(...some.map(({ time }) => time));
      expect([type, found?.lastSeen]).toEqual([type, new Date(last).toISOString()]);
    }
  }
}

/** What was paid and paid back, from the exported logs. */
function moneyIn(logs: readonly StoredLog[]): Counts {
  return sumOf(
    logs.flatMap(({ activityType, timestamp, metadata }) => {
      const { currency, total, amount = total } = metadata;
      if (typeof currency !== 'string') return [];
      return [[`${activityType} ${startOf(Date.parse(timestamp), 'day')} ${currency}`, amount] as const];
    }),
  );
}

/** Where the API is, and what it must say. */
export interface ApiComparison {
  edge: string;
  readKey: string;
  /** When the sending ended, in epoch milliseconds. */
  ended: number;
  calls: readonly MadeCall[];
  /** Users whose user agents are a robot's, and a phone's. */
  senders: { robot: string; phones: readonly string[] };
}

/** Expects every answer of the API to be what was sent. */
export async function expectApi({ edge, readKey, ended, calls, senders }: ApiComparison): Promise<void> {
  const reader = readerOf(edge, readKey, ended);
  await expectEveryone(reader, calls);
  await expectUsers(reader, calls);
  await expectTypes(reader, calls);
  const logs = await reader.lines('/api/logs/export', log);
  expectLogs(logs, calls);
  expect(moneyIn(logs)).toEqual(moneyOf(calls));
  await expectLists(reader, calls, senders);
}
