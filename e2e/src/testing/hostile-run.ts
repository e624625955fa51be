// A run of hostile queries against a real query service: what went wrong, if anything did.
import { windowSizes } from '@activity/contracts';
import { residentMib } from '@activity/testbed/testing/resident';
import { MongoClient } from 'mongodb';
import { hostileQueries, sendHostile, type HostileQuery } from './hostile-queries.ts';
import { startQuery } from './query-process.ts';
import { fillActivity } from './stored-activity.ts';

/** What came of a run. */
export interface HostileRun {
  /** Answers by status. */
  statuses: Record<string, number>;
  /** Queries that were answered with a 5xx, or with an error that is not JSON. */
  wrong: string[];
  /** Commands that read a whole collection. */
  scans: unknown[];
  exitCode: number | null;
  /** How much larger the service was at the end than after a quarter of the queries, in MiB. */
  grownMib: number;
}

interface Listed {
  pagination: { next: string; prev: string | null };
}

/** Runs `count` queries of a seed, some at a time. */
export async function runHostile(mongodb: string, seed: number, count: number): Promise<HostileRun> {
  const uri = new URL(mongodb);
  uri.pathname = `/hostile-${seed}`;
  const client = await new MongoClient(uri.href).connect();
  const db = client.db();
  await fillActivity(db, { logs: 3_000, users: 30, until: Date.now(), spanMs: 3 * windowSizes.day });
  const service = await startQuery({ MONGODB_URI: uri.href, LOG_LEVEL: 'error', NODE_ENV: 'test' });
  const first = (await (await fetch(`${service.url}/api/logs?limit=3`)).json()) as Listed;
  const other = (await (
    await fetch(`${service.url}/api/logs?limit=3&userId=user-1&sort=oldest`)
  ).json()) as Listed;
  const cursors = [first.pagination.next, other.pagination.next];
  await db.command({ profile: 1, slowms: 0, filter: { planSummary: { $regex: 'COLLSCAN' } } });
  const statuses: Record<string, number> = {};
  const wrong: string[] = [];

  async function send(query: HostileQuery): Promise<void> {
    const { status, type, body } = await sendHostile(service.port, query);
    statuses[status] = (statuses[status] ?? 0) + 1;
    const unexplained = status >= 400 && status !== 431 && query.method !== 'HEAD' && !isJson(type, body);
    if (status >= 500 || unexplained) wrong.push(`${status} ${JSON.stringify(query)} ${body.slice(0, 300)}`);
  }

  const queries = hostileQueries(seed, count, cursors);
  let sent = 0;
  let settledMib = 0;
  async function work(): Promise<void> {
    for (const query of queries) {
      await send(query);
      if (++sent === Math.ceil(count / 4)) settledMib = residentMib(service.process.pid);
    }
  }
  await Promise.all(Array.from({ length: 8 }, work));
  const grownMib = residentMib(service.process.pid) - settledMib;
  await db.command({ profile: 0 });
  const profiled = await db.collection('system.profile').find({ appName: 'activity-query' }).toArray();
  // A change stream follows the oplog, which has no indexes, from its place on.
  const scans = profiled
    .filter(
      ({ command, originatingCommand }) =>
        !JSON.stringify([command, originatingCommand]).includes('"$changeStream"'),
    )
    .map(({ command }) => command as unknown);
  const exitCode = await service.stop();
  await db.dropDatabase();
  await client.close();
  return { statuses, wrong, scans, exitCode, grownMib };
}

function isJson(type: string, body: string): boolean {
  if (!type.startsWith('application/json')) return false;
  try {
    return typeof (JSON.parse(body) as { error: unknown }).error === 'string';
  } catch {
    return false;
  }
}
