// How long queries may hold the event loop of a real query service. Their memory: query-memory.slow.test.ts.
import { holdOf, loopProbe, mostHeldMs } from '@activity/testbed/testing/loop-holds';
import { servers } from '@activity/testbed/testing';
import { sliceOf } from '@activity/testbed/testing/slice';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fillHeavy, heavyQueries } from './testing/heavy-queries.ts';
import { startQuery, type QueryProcess } from './testing/query-process.ts';

let client: MongoClient;
let service: QueryProcess;

beforeAll(async () => {
  const uri = new URL(servers().mongodb);
  uri.pathname = '/query-loop';
  client = await new MongoClient(uri.href).connect();
  await fillHeavy(client.db());
  const env = { MONGODB_URI: uri.href, LOG_LEVEL: 'fatal', EXPLAIN_EVERY_MS: '0' };
  service = await startQuery(env, undefined, ['--max-old-space-size=160', loopProbe]);
}, 120_000);

afterAll(async () => {
  await service?.stop();
  await client?.db().dropDatabase();
  await client?.close();
});

test.each(sliceOf(heavyQueries, 10))(
  '$what hold the event loop for 50 ms at most',
  async ({ what, mostMs: most = mostHeldMs, send }) => {
    const held = await holdOf(service.process, async () => send(service, 0.2, client.db()), most);
    console.log(`${what}: ${Math.round(held)} ms`);
    expect(held).toBeLessThan(most);
  },
  120_000,
);
