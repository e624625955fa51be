// `npm run bench:query`: the query service on a million logs,
// beside skip/limit and pipelines over the logs themselves.
import { startMongo } from '@activity/testbed';
import { begin } from '../shared/begin.ts';
import { MongoClient } from 'mongodb';
import type { Document } from 'mongodb';
import { startQuery } from '@activity/e2e/testing/query-process';
import { fillActivity, userOf } from '@activity/e2e/testing/stored-activity';
import { atLeast, atMost, conclude } from '../shared/outcome.ts';
import { rotated } from '../shared/rotated.ts';
import { disagreements } from './disagreements.ts';
import { exportAll } from './export-all.ts';
import { atRate, timed, timedGet, timesOf } from './measure.ts';
import type { Times } from './measure.ts';
import { plansOf, ratioOf } from './plans.ts';
import type { Plan } from './plans.ts';
import { readsOf } from './reads.ts';

begin(`npm run bench:query

The query service on a million logs, beside skip/limit and pipelines over the logs themselves.

Set by the environment:
  BENCH_LOGS   how many logs; 1000000 by default
  BENCH_USERS   of how many users; 10000 by default
  BENCH_ROUNDS   how often each candidate is measured; 200 by default
  BENCH_SECONDS   how long it is measured, in seconds; 10 by default`);

const logs = Number(process.env['BENCH_LOGS'] ?? 1_000_000);
const users = Number(process.env['BENCH_USERS'] ?? 10_000);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 200);
const seconds = Number(process.env['BENCH_SECONDS'] ?? 10);
const perSecond = 50;
/** At the beginning of each read; only `wholeP99` has these. */
const warmUpSeconds = 1;
const depth = Math.floor(logs * 0.9);
const day = 86_400_000;
const until = Date.now();

const mongo = await startMongo();
const client = await new MongoClient(mongo.address).connect();
const db = client.db();
console.log(`writing ${logs} logs of ${users} users`);
await fillActivity(db, {
  logs,
  users,
  until,
  spanMs: 30 * day,
  progress: (done) => console.log(`  ${done}`),
});
// What mongod still has to write of that, it writes before anything is timed.
await client.db('admin').command({ fsync: 1 });
// A page by number in the depth reads all that is before it: longer than a read may take by default, on a
// busy machine.
const service = await startQuery({
  MONGODB_URI: mongo.address,
  READ_TIMEOUT_MS: '60000',
  LOG_LEVEL: 'error',
});

interface Listed {
  pagination: { next: string };
}

async function pageAt(page: number, limit: number): Promise<Listed> {
  return (await (await fetch(`${service.url}/api/logs?limit=${limit}&page=${page}`)).json()) as Listed;
}

/** Alternates, so that what the machine does meanwhile befalls all alike. */
async function alternately(
  works: Record<string, () => Promise<number>>,
  times: number,
  warmTimes = 1,
): Promise<Record<string, Times>> {
  const took = new Map<string, number[]>(Object.keys(works).map((name) => [name, []]));
  for (let round = 0; round < warmTimes; round++) {
    for (const work of Object.values(works)) await work();
  }
  for (let round = 0; round < times; round++) {
    for (const [name, work] of rotated(Object.entries(works), round + 1)) took.get(name)?.push(await work());
  }
  return Object.fromEntries([...took].map(([name, all]) => [name, timesOf(all)]));
}

const figures: Record<string, Times> = {};
let exitCode = 1;
try {
  const deep = (await pageAt(depth / 100, 100)).pagination.next;
  Object.assign(
    figures,
    await alternately(
      {
        'first page': async () => timedGet(`${service.url}/api/logs?limit=100`),
        [`keyset page at ${depth}`]: async () => timedGet(`${service.url}/api/logs?limit=100&cursor=${deep}`),
      },
      rounds,
    ),
    await alternately(
      {
        [`skip/limit at ${depth}`]: async () =>
          timedGet(`${service.url}/api/logs?limit=100&page=${depth / 100 + 1}`),
      },
      Math.min(rounds, 10),
    ),
  );

  const collection = db.collection('logs');
  const wrong = await disagreements({
    url: service.url,
    logs: collection,
    users: [0, 1, Math.floor(users / 2), users - 1].map(userOf),
    pages: { cursor: deep, page: depth / 100 + 1 },
  });
  console.log(
    wrong.length === 0 ? 'all candidates return the same' : 'WRONG: candidates differ, see the end',
  );
  let turn = 0;
  const user = (): string => userOf(turn++ % users);
  const byType: Document = {
    $group: { _id: '$activityType', total: { $sum: 1 }, last: { $max: '$timestamp' } },
  };
  const byDay: Document = {
    $group: { _id: { $dateTrunc: { date: '$timestamp', unit: 'day' } }, total: { $sum: 1 } },
  };
  const scan = { hint: { $natural: 1 } } as const;
  const pipeline = async (match: Document, group: Document, options: Document = {}): Promise<number> =>
    timed(async () => collection.aggregate([{ $match: match }, group], options).toArray());
  Object.assign(
    figures,
    await alternately(
      {
        'user activity': async () => timedGet(`${service.url}/api/users/${user()}/activity`),
        'user timeline': async () => timedGet(`${service.url}/api/users/${user()}/timeline?interval=day`),
        'timeline of all': async () => timedGet(`${service.url}/api/stats/timeline?interval=day`),
        'pipeline: activity, by the user index': async () => pipeline({ userId: user() }, byType),
        'pipeline: timeline, by the user index': async () => pipeline({ userId: user() }, byDay),
      },
      rounds,
      // Until V8 has compiled what both sides run often.
      2 * rounds,
    ),
    await alternately(
      {
        'pipeline: activity, over the logs': async () => pipeline({ userId: user() }, byType, scan),
        'pipeline: timeline, over the logs': async () => pipeline({ userId: user() }, byDay, scan),
        'pipeline: timeline of all': async () => pipeline({}, byDay),
      },
      Math.min(rounds, 5),
    ),
  );

  const reads = readsOf({ logs, users, until, cursor: (await pageAt(depth / 50, 50)).pagination.next });
  const rates: Record<string, Times & { wholeP99: number }> = {};
  const plans: Plan[] = [];
  for (const { name, path } of reads) {
    const url = (): string => `${service.url}${path()}`;
    const first = await atRate(url, perSecond, warmUpSeconds);
    const then = await atRate(url, perSecond, seconds);
    rates[name] = { ...timesOf(then), wholeP99: timesOf([...first, ...then]).p99 };
    plans.push(
      ...(await plansOf(db, name, async () => {
        for (let index = 0; index < 5; index++) await timedGet(url());
      })),
    );
  }
  const exported = await exportAll(service.url);
  console.table(figures);
  console.log(
    `each read at ${perSecond} requests/s for ${seconds} s, after ${warmUpSeconds} s that only wholeP99 has; in milliseconds`,
  );
  console.table(rates);
  console.table(exported);
  console.table(plans.map((plan) => ({ ...plan, ratio: Math.round(ratioOf(plan) * 100) / 100 })));

  const p50 = (name: string): number => figures[name]?.p50 ?? Number.NaN;
  const ratio = (a: string, b: string): number => Math.round((p50(a) / p50(b)) * 100) / 100;
  const ratios = {
    'deep/first': ratio(`keyset page at ${depth}`, 'first page'),
    'skip/keyset': ratio(`skip/limit at ${depth}`, `keyset page at ${depth}`),
    'pipeline/activity': ratio('pipeline: activity, over the logs', 'user activity'),
    'pipeline/timeline': ratio('pipeline: timeline, over the logs', 'user timeline'),
    'pipeline/timeline of all': ratio('pipeline: timeline of all', 'timeline of all'),
    'indexed pipeline/activity': ratio('pipeline: activity, by the user index', 'user activity'),
    'indexed pipeline/timeline': ratio('pipeline: timeline, by the user index', 'user timeline'),
  };
  const slowest = Math.max(...Object.values(rates).map(({ p99 }) => p99));
  // Named: sums, of minutes into quarters and of what was counted, return less than they are made of.
  const listed = plans.filter(({ plan, summed }) => !summed && !plan.includes('FAST_COUNT'));
  const examined = Math.max(...listed.map(ratioOf));
  const scans = plans.filter(({ plan }) => plan.includes('COLLSCAN')).length;
  exitCode = conclude({
    bench: 'query',
    figures: { ...figures, rates, export: exported },
    ratios,
    targets: {
      'deep/first': atMost(1.2, ratios['deep/first']),
      'pipeline/activity': atLeast(100, ratios['pipeline/activity']),
      'pipeline/timeline': atLeast(100, ratios['pipeline/timeline']),
      'slowest p99 ms': atMost(50, slowest),
      'examined/returned': atMost(2, examined),
      'collection scans': atMost(0, scans),
    },
    wrong,
  });
} finally {
  await service.stop();
  await client.close();
  await mongo.stop();
}
process.exit(exitCode);
