// Files in and out of a real stack: years of history with kills in between, exports of what is new, and what
// the page shows. A million lines: import.slow.test.ts.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { collections } from '@activity/contracts';
import { blocksOf } from '@activity/deploy/checks/markdown';
import { projectRoot } from '@activity/testbed/paths';
import { loopback } from '@activity/testbed/process/ports';
import { run } from '@activity/testbed/process/run';
import { mongoUrl } from '@activity/testbed/servers/mongo';
import { parquetReadObjects } from 'hyparquet';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { postAll, samplePosts } from './testing/activity.ts';
import { expectImported, startLasting } from './testing/import-run.ts';
import type { Stack } from './testing/stack.ts';

let stack: Stack;
let client: MongoClient;

beforeAll(async () => {
  stack = await startLasting('import');
  client = await new MongoClient(mongoUrl(stack.ports.mongodb)).connect();
});

afterAll(async () => {
  await client?.close();
  await stack.stop();
});

/** The numbers of all logs. */
async function storedNumbers(): Promise<number[]> {
  const logs = client.db().collection<{ _id: number }>(collections.logs);
  const found = await logs.find({ deletedAt: { $exists: false } }, { projection: { _id: 1 } }).toArray();
  return found.map(({ _id }) => _id).toSorted((a, b) => a - b);
}

interface Exported {
  numbers: number[];
  cursor: string;
  more: boolean;
  until: string | null;
}

async function exportSince(since: string, limit: number): Promise<Exported> {
  const url = `http://${loopback}:${stack.ports.query}/api/logs/export?limit=${limit}&since=${since}`;
  const response = await vi.waitFor(
    async () => {
      const answer = await fetch(url);
      expect(answer.status).toBe(200);
      return answer;
    },
    { timeout: 30_000, interval: 200 },
  );
  const lines = (await response.text()).split('\n').filter((line) => line !== '');
  return {
    numbers: lines.map((line) => (JSON.parse(line) as { _id: number })._id),
    cursor: response.headers.get('export-cursor') ?? '',
    more: response.headers.get('export-more') === 'true',
    until: response.headers.get('export-complete-until'),
  };
}

test('6,000 lines dated 2015 to 2026, three kills: nothing lost, nothing double, counts and timelines exact', async () => {
  await expectImported(stack, { lines: 6_000, users: 150, kills: 3, seed: 22, storedWithinMs: 90_000 });
}, 300_000);

test('export after export has every log once, while events are posted and the processor and the sink are killed', async () => {
  const edge = `http://${loopback}:${stack.ports.ingest}`;
  const seen: number[] = [];
  let since = 'start';
  async function exportNew(limit: number): Promise<string | null> {
    for (;;) {
      const { numbers, cursor, more, until } = await exportSince(since, limit);
      seen.push(...numbers);
      since = cursor;
      if (!more) return until;
    }
  }
  await exportNew(1_500);
  expect(seen.length).toBeGreaterThan(5_000);
  for (const round of [1, 2, 3]) {
    const posting = postAll(edge, samplePosts(`export-${round}`, 400));
    await exportNew(50);
    if (round === 2) process.kill(stack.pid('processor'), 'SIGKILL');
    if (round === 3) process.kill(stack.pid('kafka-connect'), 'SIGKILL');
    await exportNew(1_000);
    await posting;
  }
  const posted = Date.now();
  await vi.waitFor(async () => expect(Date.parse((await exportNew(1_000)) ?? '')).toBeGreaterThan(posted), {
    timeout: 120_000,
    interval: 500,
  });
  // Each once, and all that there is.
  expect(seen.toSorted((a, b) => a - b)).toEqual(await storedNumbers());

  // By time: everything that was received from then on, and little more.
  const { numbers } = await exportSince(new Date(posted - 1_000).toISOString(), 1_000_000);
  const late = await client
    .db()
    .collection<{ _id: number }>(collections.logs)
    .find({ receivedAt: { $gte: new Date(posted - 1_000) } })
    .toArray();
  expect(late.map(({ _id }) => _id).filter((number) => !numbers.includes(number))).toEqual([]);
}, 300_000);

test('what the page on import and export shows is what happens', async () => {
  const folder = join(stack.dataDir, 'page');
  const markdown = readFileSync(join(projectRoot, 'docs', 'import-and-export.md'), 'utf8');
  const blocks = blocksOf(markdown);
  async function paste(text: string): Promise<string> {
    const moved = text
      .replaceAll('.data/import', folder)
      .replaceAll('127.0.0.1:3001', `${loopback}:${stack.ports.query}`)
      .replaceAll('npm run import --', `${process.execPath} ${join('ingest', 'src', 'import', 'main.ts')}`);
    const env = { KAFKA_BROKERS: `${loopback}:${stack.ports.kafka}` };
    const { code, output } = await run({ file: 'bash', args: ['-euc', moved], cwd: projectRoot, env });
    expect([moved, code, output]).toEqual([moved, 0, output]);
    return output;
  }
  const outputs: string[] = [];
  for (const { mark, text } of blocks) if (mark === 'run') outputs.push(await paste(text));
  expect(outputs).toHaveLength(4);
  const rejects = JSON.parse(blocks.find(({ mark }) => mark === 'rejects')?.text ?? '') as unknown;
  expect(outputs[0]).toContain('2 stored, 1 rejected');
  expect(outputs[0]).toContain(JSON.stringify(rejects));

  const count = (await storedNumbers()).length;
  const lines = (bytes: Buffer): number => bytes.toString().split('\n').length - 1;
  expect(lines(readFileSync(join(folder, 'logs.ndjson')))).toBeGreaterThan(5_000);
  expect(lines(gunzipSync(readFileSync(join(folder, 'all.ndjson.gz'))))).toBe(count);
  const bytes = readFileSync(join(folder, 'logs.parquet'));
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const rows = (await parquetReadObjects({ file, columns: ['_id'] })) as { _id: bigint }[];
  expect(rows.length).toBeGreaterThan(5_000);
  const { output } = await run({
    file: 'bash',
    args: ['-c', `cat ${join(folder, 'new')}/*.ndjson | sort | uniq | wc -l`],
  });
  expect(Number(output)).toBeGreaterThan(5_000);

  // What was imported again met its first copy.
  expect(outputs[3]).toContain(`${count.toLocaleString('en')} stored, 0 rejected`);
  await expect
    .poll(async () => Date.parse((await exportSince('start', 10_000_000)).until ?? ''), {
      timeout: 60_000,
      interval: 500,
    })
    .toBeGreaterThan(Date.now());
  expect(await storedNumbers()).toHaveLength(count);
  rmSync(folder, { recursive: true });
}, 180_000);
