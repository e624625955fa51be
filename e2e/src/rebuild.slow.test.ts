// `npm start -- --rebuild` after the database was lost: everything is worked out again from the raw topic.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { workOut } from '@activity/processor/testing/oracle';
import { mongoUrl } from '@activity/testbed/servers/mongo';
import type { Ports } from '@activity/local/parts/services';
import type { Pipeline } from '@activity/local/pipeline/pipeline';
import { loopback } from '@activity/testbed/process/ports';
import { freePorts } from '@activity/local/testing/free-ports';
import { readTopicsAgain } from './testing/outages.ts';
import { scenario, sendRaw } from './testing/scenario.ts';
import { startQuietly } from './testing/stack.ts';
import { readStored, storedOf } from './testing/stored.ts';
import { dedupeMs, expectTruth, graceMs } from './testing/truth.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'activity-rebuild-'));
const lines: string[] = [];
let ports: Ports;
let pipeline: Pipeline | undefined;

async function start(rebuild: boolean): Promise<Pipeline> {
  const started = await startQuietly({
    ports,
    dataDir,
    rebuild,
    report: (part, line) => lines.push(`${part}: ${line}`),
  });
  pipeline = started;
  return started;
}

beforeAll(async () => {
  ports = await freePorts();
  await start(false);
}, 120_000);

afterAll(async () => {
  await pipeline?.stop();
  rmSync(dataDir, { recursive: true });
});

test('what was stored is stored again, to the last number', async () => {
  const records = scenario({ count: 5_000, users: 300, partitions: 4, until: Date.now(), seed: 11 });
  await sendRaw(`${loopback}:${ports.kafka}`, records);
  await expectTruth(ports, records, 120_000);
  await pipeline?.stop();
  rmSync(join(dataDir, 'mongodb'), { recursive: true });

  const rebuilt = await start(true);
  expect(lines).toContainEqual(expect.stringMatching(/^processor: .* forgot where it was/));
  await readTopicsAgain(rebuilt);
  const client = new MongoClient(mongoUrl(ports.mongodb));
  try {
    const wanted = storedOf(workOut(records, graceMs, dedupeMs));
    await vi.waitFor(async () => expect(await readStored(client.db())).toEqual(wanted), {
      timeout: 120_000,
      interval: 1_000,
    });
  } finally {
    await client.close();
  }
}, 400_000);
