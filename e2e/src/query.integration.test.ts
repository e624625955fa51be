// The query service on a MongoDB that holds a month of activity: its answers against the logs themselves, and
// how they were found.
import { defaultActivityTypes, windowSizes } from '@activity/contracts';
import { Long, MongoClient, type Db, type Document } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { rawParameters } from '@activity/query/http/parameters';
import { filterShape } from '@activity/query/logs/filter';
import type { LogDocument } from '@activity/query/logs/log-json';
import { matcherOf } from '@activity/query/tail/matches';
import { servers } from '@activity/testbed/testing';
import { fillActivity, userOf } from './testing/stored-activity.ts';
import { startQuery, type QueryProcess } from './testing/query-process.ts';

const isType = (name: string): boolean => [...defaultActivityTypes].some((type) => type === name);
const typeNames = { names: () => [...defaultActivityTypes], isKnown: isType, isNamed: isType };

const until = Date.now();
const logs = 12_000;
let client: MongoClient;
let db: Db;
let service: QueryProcess;

function uriOf(database: string): string {
  const uri = new URL(servers().mongodb);
  uri.pathname = `/${database}`;
  return uri.href;
}

async function get(path: string): Promise<Document> {
  const response = await fetch(`${service.url}${path}`);
  expect([path, response.status]).toEqual([path, 200]);
  return (await response.json()) as Document;
}

beforeAll(async () => {
  client = await new MongoClient(uriOf('month')).connect();
  db = client.db();
  await fillActivity(db, { logs, users: 120, until, spanMs: 30 * windowSizes.day });
  service = await startQuery({ MONGODB_URI: uriOf('month'), EXPLAIN_EVERY_MS: '0', LOG_LEVEL: 'warn' });
});

afterAll(async () => {
  await service?.stop();
  await db?.dropDatabase();
  await client?.close();
});

/** What the logs themselves say: counts by type in a time, of one user or all. */
async function counted(match: Document, boundaries: number[]): Promise<Document[]> {
  const found = await db.collection('logs').find(match).toArray();
  return boundaries.slice(0, -1).map((start, index) => {
    const end = boundaries[index + 1] ?? 0;
    const inside = found.filter(({ timestamp }) => +timestamp >= start && +timestamp < end);
    const byType: Record<string, number> = {};
    for (const { activityType } of inside) byType[activityType] = (byType[activityType] ?? 0) + 1;
    return { start: new Date(start).toISOString(), total: inside.length, byType };
  });
}

function startsOf(answer: Document, length: number): number[] {
  const starts = (answer['buckets'] as Document[]).map(({ start }) => Date.parse(String(start)));
  return [...starts, (starts.at(-1) ?? 0) + length];
}

const midnight = Math.floor(until / windowSizes.day) * windowSizes.day;
const lastWeek = new Date(midnight - 7 * windowSizes.day).toISOString();
const yesterday = new Date(midnight - windowSizes.day).toISOString();
// An hour before midnight in Kolkata: two of its days, whatever the time is now,
// and counts of minutes for both.
const kolkataMs = 5.5 * windowSizes.hour;
const beforeMidnight = new Date(
  Math.floor((until + kolkataMs) / windowSizes.day) * windowSizes.day - kolkataMs - windowSizes.hour,
).toISOString();
const lately = new Date(until - windowSizes.hour).toISOString();

describe('timelines', () => {
  test.each([
    [`interval=day&from=${lastWeek}`, windowSizes.day],
    [`interval=hour&from=${yesterday}`, windowSizes.hour],
    [`interval=hour&from=${yesterday}&tz=Asia/Kolkata`, windowSizes.hour],
    [`interval=day&from=${beforeMidnight}&tz=Asia/Kolkata`, windowSizes.day],
    [`interval=day&from=${lastWeek}&tz=America/New_York`, windowSizes.day],
    [`interval=minute&from=${lately}`, windowSizes.minute],
  ])('%s say what the logs say, for one user and for all', async (query, length) => {
    const ofUser = await get(`/api/users/${userOf(1)}/timeline?${query}`);
    expect(ofUser['aligned']).toBe(true);
    expect(ofUser['buckets']).toEqual(await counted({ userId: userOf(1) }, startsOf(ofUser, length)));
    const ofAll = await get(`/api/stats/timeline?${query}`);
    expect(ofAll['buckets']).toEqual(await counted({}, startsOf(ofAll, length)));
    expect(ofAll['buckets'].length).toBeGreaterThan(1);
  });

  test('where counts of half hours are gone, they say that they are made of hours', async () => {
    const answer = await get(
      `/api/users/${userOf(1)}/timeline?interval=day&from=${lastWeek}&tz=Asia/Kolkata`,
    );
    expect(answer).toMatchObject({ madeOf: 'hour', aligned: false });
  });
});

describe('totals', () => {
  test('the overview says what the logs say', async () => {
    const answer = await get('/api/stats/overview');
    const minute = (ago: number): number => Math.floor((Date.now() - ago) / 60_000) * 60_000;
    const since = async (ago: number): Promise<number> =>
      db.collection('logs').countDocuments({ timestamp: { $gte: new Date(minute(ago)) } });
    expect(answer['events']).toEqual({
      total: logs,
      last5m: await since(300_000),
      last1h: await since(3_600_000),
      last24h: await since(86_400_000),
    });
    expect(answer['users']['known']).toBe(120);
    expect(answer['users']['monthly']).toBe(120);
  });

  test('types, busiest users and active users say what the logs say', async () => {
    const types = await get(`/api/stats/types?from=${lastWeek}&to=${yesterday}`);
    const between = { $gte: new Date(lastWeek), $lt: new Date(yesterday) };
    expect(types['total']).toBe(await db.collection('logs').countDocuments({ timestamp: between }));
    const busiest = async (timestamp: Document): Promise<Document[]> =>
      db
        .collection('logs')
        .aggregate([
          { $match: { timestamp } },
          { $group: { _id: '$userId', n: { $sum: 1 } } },
          { $sort: { n: -1, _id: 1 } },
          { $limit: 5 },
          { $project: { _id: 0, userId: '$_id', total: '$n' } },
        ])
        .toArray();
    const top = async (query: string): Promise<Document> => get(`/api/stats/top-users?limit=5&${query}`);
    const ranked = (users: Document[]): Document[] => users.map(({ userId, total }) => ({ userId, total }));
    expect(ranked((await top('window=all'))['users'])).toEqual(await busiest({ $gte: new Date(0) }));
    // Within a day, over the edges of days, of whole days, and until now.
    const { hour, day } = windowSizes;
    for (const [from, to] of [
      [midnight - day + 5 * hour + 1, midnight - day + 7 * hour],
      [midnight - 3 * day - hour / 2, midnight - day + 3 * hour + 1],
      [midnight - 7 * day, midnight],
      [midnight - 9 * day, undefined],
    ] as const) {
      const end = to === undefined ? '' : `&to=${new Date(to).toISOString()}`;
      const found = await top(`from=${new Date(from).toISOString()}${end}`);
      expect(Date.parse(found['from'])).toBe(Math.floor(from / hour) * hour);
      expect(Date.parse(found['to'])).toBe(Math.ceil((to ?? Date.now()) / hour) * hour);
      const touched = { $gte: new Date(found['from']), $lt: new Date(found['to']) };
      expect(ranked(found['users'])).toEqual(await busiest(touched));
      expect(found['users'][0].lastSeen).toEqual(expect.any(String));
    }
    for (const query of ['window=1h&from=2026-01-01T00:00:00Z', 'to=2026-01-01T00:00:00Z']) {
      expect((await fetch(`${service.url}/api/stats/top-users?${query}`)).status).toBe(400);
    }
    const active = await get('/api/stats/active-users?days=3');
    const days = await db
      .collection('logs')
      .aggregate([
        { $match: { timestamp: { $gte: new Date(midnight - 2 * windowSizes.day) } } },
        {
          $group: {
            _id: { $dateToString: { date: '$timestamp', format: '%Y-%m-%d' } },
            who: { $addToSet: '$userId' },
          },
        },
        { $sort: { _id: 1 } },
      ])
      .toArray();
    expect(active['days']).toEqual(days.map(({ _id, who }) => ({ day: _id, users: who.length })));
  });

  test('beyond 10,000 they are estimates, not far away, and say so', async () => {
    const all = await get('/api/logs');
    expect(all['pagination']).toMatchObject({ total: logs, totalIs: 'estimate' });
    const narrowed = await get(`/api/logs?from=${new Date(until - 29 * windowSizes.day).toISOString()}`);
    expect(narrowed['pagination']['totalIs']).toBe('estimate');
    expect(narrowed['pagination']['total'] / ((logs * 29) / 30)).toBeCloseTo(1, 1);
    const some = await get('/api/logs?activityType=LOGIN,ERROR');
    expect(some['pagination']).toMatchObject({
      totalIs: 'exact',
      total: await db.collection('logs').countDocuments({ activityType: { $in: ['LOGIN', 'ERROR'] } }),
    });
  });
});

const filters: [string, Document][] = [
  [`userId=${userOf(3)}`, { userId: userOf(3) }],
  [`userId=${userOf(3)}&activityType=LOGIN`, { userId: userOf(3), activityType: 'LOGIN' }],
  [
    `userId=${userOf(3)}&activityType=LOGIN,ERROR`,
    { userId: userOf(3), activityType: { $in: ['LOGIN', 'ERROR'] } },
  ],
  ['activityType=PAGE_VIEW', { activityType: 'PAGE_VIEW' }],
  ['activityType=LOGIN&activityType=LOGOUT', { activityType: { $in: ['LOGIN', 'LOGOUT'] } }],
  ['eventId=event-77', { eventId: 'event-77' }],
  ['session=40963', { session: 40_963 }],
  ['device=tablet', { 'client.device': 'tablet' }],
  ['country=de', { 'place.country': 'DE' }],
  ['ip=203.0.5.0/24', { 'address.prefix': '203.0.5.0/24' }],
  ['ip=203.0.5.7', { 'metadata.ip': '203.0.5.7' }],
  ['ip=203.0.5.7/32', { 'metadata.ip': '203.0.5.7' }],
  ['ip=203.0.4.0/22', { 'address.prefix': { $regex: /^203\.0\.[4-7]\./ } }],
  ['ip=203.0.7.0/18', { 'address.prefix': { $regex: /^203\.0\.([0-9]|[1-5][0-9]|6[0-3])\./ } }],
  ['ip=203.0.5.0/25', { 'address.prefix': '203.0.5.0/24' }],
  ['ip=203.0.0.0/9', { 'metadata.ip': { $exists: true } }],
  ['bot=true', { bot: true }],
  ['bot=false', { bot: { $ne: true } }],
  [`from=${lastWeek}&to=${yesterday}`, { timestamp: { $gte: new Date(lastWeek), $lt: new Date(yesterday) } }],
];

async function profiled(read: () => Promise<unknown>): Promise<Document[]> {
  await db.command({ profile: 0 });
  await db.collection('system.profile').drop();
  await db.command({ profile: 2 });
  await read();
  await db.command({ profile: 0 });
  return db
    .collection('system.profile')
    .find({ ns: { $regex: /^month\.(?!system)/ }, op: { $in: ['query', 'command', 'getmore'] } })
    .toArray();
}

describe('filters', () => {
  test.each(filters)('%s gives what it says, by an index, looking at little more', async (query, match) => {
    const wanted = await db
      .collection('logs')
      .find(match)
      .sort({ timestamp: -1, _id: -1 })
      .limit(50)
      .toArray();
    expect(wanted.length).toBeGreaterThan(0);
    let found: Document = {};
    const commands = await profiled(async () => {
      found = await get(`/api/logs?limit=50&${query}`);
    });
    expect(found['data'].map(({ _id }: Document) => _id as number)).toEqual(
      wanted.map(({ _id }) => Number(_id)),
    );
    const page = commands.find(({ command }) => command.find === 'logs' && command.limit === 51);
    expect(page?.['planSummary']).toMatch(/^IXSCAN/);
    expect(page?.['docsExamined'] / page?.['nreturned']).toBeLessThanOrEqual(2);
    expect(commands.map(({ planSummary }) => String(planSummary)).join(' ')).not.toContain('COLLSCAN');
  });

  test('the tail lets through what MongoDB finds', async () => {
    const all = await db.collection<LogDocument>('logs').find({}).toArray();
    const schema = z.object(filterShape(typeNames));
    for (const [query, match] of filters) {
      const parameters = new URLSearchParams(query);
      const given = Object.fromEntries([...parameters.keys()].map((name) => [name, parameters.getAll(name)]));
      const filter = schema.parse(rawParameters(given));
      const found = await db.collection('logs').countDocuments(match);
      expect([query, all.filter(matcherOf(filter)).length]).toEqual([query, found]);
    }
  });

  test('an address is found alike by the list and by the tail, however it was written', async () => {
    const addresses = ['2001:db8::5', '2001:DB8::5', '2001:db8:0:0:0:0:0:5', '2001:0db8::5', '2001:db8:0::5'];
    const mapped = ['203.0.113.77', '::ffff:203.0.113.77', '::FFFF:CB00:714D', '0:0:0:0:0:ffff:203.0.113.77'];
    const written = [...addresses, ...mapped].map((ip, index) => ({
      _id: Long.fromNumber(6_000_000_000 + index),
      eventId: `address-${index}`,
      userId: 'address',
      activityType: 'LOGIN',
      metadata: { ip },
      timestamp: new Date(until),
      receivedAt: new Date(until),
      createdAt: new Date(until),
    }));
    await db.collection<Document & { _id: Long }>('logs').insertMany(written);
    const schema = z.object(filterShape(typeNames));
    const stored = await db.collection<LogDocument>('logs').find({ userId: 'address' }).toArray();
    const sets = { '2001:DB8::0005': addresses, '::FFFF:203.0.113.77': mapped };
    for (const [ip, all] of Object.entries(sets)) {
      const listed = await get(`/api/logs?ip=${ip}`);
      const found = listed['data'].map(({ metadata }: Document) => metadata['ip'] as string).toSorted();
      const tailed = stored
        .filter(matcherOf(schema.parse({ ip })))
        .map(({ metadata }) => String(metadata?.['ip']));
      expect(found).toEqual(tailed.toSorted((a, b) => (a < b ? -1 : 1)));
      expect(all).toEqual(expect.arrayContaining(found));
      expect(found).toContain(all[0]);
    }
    await db.collection('logs').deleteMany({ userId: 'address' });
  });

  test('a page in the depth looks at no more than the first', async () => {
    let page = await get('/api/logs?limit=100');
    for (let depth = 0; depth < 30; depth++)
      page = await get(`/api/logs?limit=100&cursor=${page['pagination']['next']}`);
    const commands = await profiled(async () =>
      get(`/api/logs?limit=100&cursor=${page['pagination']['next']}`),
    );
    // The page is read in pieces, each of which begins where the one before ended.
    const pieces = commands.filter(
      ({ command: { find, limit, collection } }) =>
        (find === 'logs' && limit === 101) || collection === 'logs',
    );
    const sum = (field: string): number => pieces.reduce((all, piece) => all + Number(piece[field] ?? 0), 0);
    for (const piece of pieces) expect(piece['planSummary']).toContain('IXSCAN');
    expect(sum('nreturned')).toBe(101);
    expect(sum('keysExamined')).toBeLessThanOrEqual(102 + pieces.length);
  });
});

test('every kind of read uses an index', async () => {
  const commands = await profiled(async () => {
    await get('/api/stats/overview');
    await get(`/api/stats/timeline?interval=minute&from=${lately}`);
    for (const window of ['5m', '1h', '24h', 'all']) await get(`/api/stats/top-users?window=${window}`);
    await get(`/api/stats/top-users?from=${lastWeek}&to=${beforeMidnight}`);
    await get('/api/stats/active-users?days=7');
    await get(`/api/users/${userOf(2)}/activity`);
    await get(`/api/users/${userOf(2)}/timeline?interval=day`);
    await get('/api/logs/event-5');
    await get('/api/logs/2048');
  });
  expect(commands.length).toBeGreaterThan(15);
  for (const { planSummary, docsExamined = 0, nreturned = 0, command } of commands) {
    expect([planSummary, JSON.stringify(command)]).not.toContain('COLLSCAN');
    expect(planSummary).toMatch(/IXSCAN|DISTINCT_SCAN|IDHACK|COUNT|RECORD_STORE_FAST_COUNT|^EOF/);
    // A sum returns less than it is made of.
    if (JSON.stringify(command).includes('"$group"')) continue;
    expect([command, docsExamined <= 2 * Math.max(1, nreturned)]).toEqual([command, true]);
  }
});

describe('exports', () => {
  test('NDJSON has every log once, in order', async () => {
    const response = await fetch(`${service.url}/api/logs/export?sort=oldest`);
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = (await response.text()).trimEnd().split('\n');
    const ids = lines.map((line) => (JSON.parse(line) as { _id: number })._id);
    expect(ids).toHaveLength(logs);
    expect(new Set(ids).size).toBe(logs);
  });

  test('CSV has what was filtered, and no formulas', async () => {
    await db.collection('logs').insertOne({
      _id: Long.fromNumber(5_000_000_000),
      eventId: 'formula',
      userId: '=cmd|" /C calc"!A0',
      activityType: 'LOGIN',
      metadata: { text: 'a, "b"\nc' },
      timestamp: new Date(until),
      receivedAt: new Date(until),
      createdAt: new Date(until),
    } as Document);
    const response = await fetch(`${service.url}/api/logs/export?format=csv&eventId=formula`);
    await db.collection('logs').deleteOne({ eventId: 'formula' });
    expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename="activity-.*\.csv"$/);
    const text = await response.text();
    expect(text.split('\r\n')[0]).toMatch(/^_id,eventId,userId,activityType,timestamp/);
    expect(text).toContain(`"'=cmd|"" /C calc""!A0"`);
    expect(text).toContain(String.raw`"{""text"":""a, \""b\""\nc""}"`);
  });
});
