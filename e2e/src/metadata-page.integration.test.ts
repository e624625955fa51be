// The filters of docs/metadata.md on a real query service and database: each finds the log of its row.
import { dateFields } from '@activity/contracts';
import { logsOfRows, metadataRows } from '@activity/processor/testing/metadata-page';
import { servers } from '@activity/testbed/testing';
import { Long, MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { startQuery, type QueryProcess } from './testing/query-process.ts';

const rows = metadataRows();
const filters = rows.flatMap((row, index) => row.filters.map((filter) => [filter, index] as const));
const page = z.object({ data: z.array(z.object({ eventId: z.string() })) });
let query: QueryProcess;

beforeAll(async () => {
  const uri = new URL(servers().mongodb);
  uri.pathname = '/metadata-page';
  const client = await new MongoClient(uri.href).connect();
  const documents = logsOfRows(rows).map((log) => ({
    ...log,
    ...Object.fromEntries(
      dateFields.logs.flatMap((field) => (field in log ? [[field, new Date(String(log[field]))]] : [])),
    ),
    _id: Long.fromNumber(Number(log['_id'])),
  }));
  await client.db().collection<{ _id: Long }>('logs').insertMany(documents);
  await client.close();
  query = await startQuery({ MONGODB_URI: uri.href, LOG_LEVEL: 'fatal' });
}, 60_000);

afterAll(async () => {
  await query?.stop();
});

test.each(filters)('%s finds its row', async (filter, index) => {
  const response = await fetch(`${query.url}/api/logs?limit=100&${filter}`);
  expect(response.status).toBe(200);
  const found = page.parse(await response.json()).data.map(({ eventId }) => Number(eventId));
  expect(found).toContain(index);
  // Nothing but rows of which the page says so; bot=false finds all that are of no robot.
  const others = rows.flatMap(({ becomes, filters: own }, row) =>
    own.includes(filter) || (filter === 'bot=false' && becomes['bot'] !== true) ? [] : [row],
  );
  expect(found.filter((row) => others.includes(row))).toEqual([]);
});
