// The importer and a real broker: killed, stopped, run again. Every line is in the topic or among the
// rejects.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { openTopicReader } from '@activity/kafka';
import { servers } from '@activity/testbed/testing/servers';
import { afterAll, expect, test } from 'vitest';
import { createTopic } from '../edge.fixture.ts';
import { startImport } from './run-import.fixture.ts';

interface Written {
  eventId: string;
  userId: string;
  index: number;
}

const folder = mkdtempSync(join(tmpdir(), 'activity-import-'));
afterAll(() => rmSync(folder, { recursive: true }));

let topics = 0;
async function newTopic(): Promise<Record<string, string>> {
  const topic = `import-${process.pid}-${++topics}`;
  const types = `${topic}-types`;
  await createTopic(servers().kafka, topic, 3);
  await createTopic(servers().kafka, types, 1);
  return { KAFKA_BROKERS: servers().kafka, KAFKA_TOPIC: topic, KAFKA_TYPES_TOPIC: types };
}

function lineOf(index: number): string {
  return JSON.stringify({
    userId: `user-${index % 97}`,
    activityType: 'PAGE_VIEW',
    timestamp: new Date(Date.UTC(2015, 0) + index * 60_000).toISOString(),
    metadata: { index, text: 'x'.repeat(index % 200) },
  });
}

/** Lines of events; every thousandth is bad. */
function linesOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    index % 1_000 === 999 ? `{"bad": ${index}}` : lineOf(index),
  );
}

/** All that is in a topic, each partition in order. */
async function read({ KAFKA_BROKERS: broker = '', KAFKA_TOPIC: topic = '' }): Promise<Written[]> {
  const reader = openTopicReader({ brokers: [broker], clientId: 'import-test' });
  const found: Written[] = [];
  try {
    for await (const { value } of reader.read(topic)) {
      const { eventId, userId, metadata } = JSON.parse(String(value)) as Written & {
        metadata: { index: number };
      };
      found.push({ eventId, userId, index: metadata.index });
    }
  } finally {
    await reader.close();
  }
  return found;
}

/** Each good line is there, first copies in the order of the file for each user; returns how many copies. */
function expectAll(written: readonly Written[], count: number): number {
  const first = new Map<string, Written>();
  for (const one of written) if (!first.has(one.eventId)) first.set(one.eventId, one);
  const indexes = [...first.values()].map(({ index }) => index);
  const wanted = Array.from({ length: count }, (_, index) => index).filter((index) => index % 1_000 !== 999);
  expect(indexes.toSorted((a, b) => a - b)).toEqual(wanted);
  for (const [, own] of Map.groupBy(first.values(), ({ userId }) => userId)) {
    const order = own.map(({ index }) => index);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  }
  return written.length - first.size;
}

function rejectedIn(file: string): unknown[] {
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

test('killed again and again it goes on: nothing is lost, each reject is there once', async () => {
  const count = 150_000;
  const lines = linesOf(count);
  for (const [name, bytes] of [
    ['plain.ndjson', Buffer.from(lines.join('\n'))],
    ['packed.ndjson.gz', gzipSync(lines.join('\n'))],
  ] as const) {
    const environment = await newTopic();
    const file = join(folder, name);
    writeFileSync(file, bytes);
    let kills = 0;
    for (;;) {
      const { process: child, ended } = startImport([file], environment);
      // Some are killed while they start, some in the middle, some have ended before.
      const kill = setTimeout(() => child.kill('SIGKILL'), 900 + 400 * kills);
      const { code, stdout, stderr } = await ended;
      clearTimeout(kill);
      if (code === null) {
        kills++;
        continue;
      }
      expect([code, stderr]).toEqual([1, '']);
      // A kill may come after the last line is saved and before the summary is printed.
      expect(stdout).toMatch(/149,850 stored, 150 rejected|was imported by/);
      break;
    }
    expect(kills).toBeGreaterThan(0);
    const copies = expectAll(await read(environment), count);
    console.log(`${name}: killed ${kills} times, ${copies} lines written twice`);
    expect(rejectedIn(`${file}.rejects.ndjson`)).toEqual(
      Array.from({ length: 150 }, (_, index) => ({
        line: index * 1_000 + 1_000,
        reason: expect.stringContaining('userId: '),
        text: `{"bad": ${index * 1_000 + 999}}`,
      })),
    );
    expect(statSync(`${file}.rejects.ndjson`).mode & 0o777).toBe(0o600);

    const again = await startImport([file], environment).ended;
    expect([again.code, again.stdout]).toEqual([1, expect.stringContaining('--again imports it once more')]);
    expect(await read(environment)).toHaveLength(count - 150 + copies);
  }
}, 180_000);

test('stopped by a signal it has written each line once when it goes on, CSV and standard input alike', async () => {
  const count = 20_000;
  const rows = Array.from({ length: count }, (_, index) => {
    const text = `"text ${index}\nof two lines"`;
    return index % 1_000 === 999 ? 'a,b,c,d,e,f' : `user-${index % 97},LOGIN,,"{""index"":${index}}",${text}`;
  });
  const text = `userId,activityType,timestamp,metadata,text\n${rows.join('\n')}\n`;
  const file = join(folder, 'rows.csv');
  writeFileSync(file, text);
  const environment = await newTopic();
  const state = join(folder, 'stdin.json');
  const rejects = join(folder, 'stdin.rejects');
  const args = ['-', '--name', 'rows.csv', '--state', state, '--rejects', rejects];
  const first = startImport(args, environment);
  // A pipe that stops in the middle of a row.
  first.process.stdin?.write(text.slice(0, text.length / 2));
  for (let waits = 0; !existsSync(state) || !/"stored":\d{5},/.test(readFileSync(state, 'utf8')); waits++) {
    expect(waits).toBeLessThan(600);
    await sleep(50);
  }
  first.process.kill('SIGTERM');
  expect(await first.ended).toMatchObject({
    code: 1,
    stderr: 'stopped: run the same command again to go on\n',
  });
  const second = startImport(args, environment);
  second.process.stdin?.end(text);
  const { code, stdout } = await second.ended;
  expect([code, stdout]).toEqual([
    1,
    expect.stringMatching(/goes on behind line 20,\d+.* 19,980 stored, 20 rejected/s),
  ]);
  expect(expectAll(await read(environment), count)).toBe(0);

  // The file itself has the same ids: a second run meets the first.
  const again = await startImport([file], environment).ended;
  expect(again.stdout).toContain('19,980 stored, 20 rejected');
  expect(expectAll(await read(environment), count)).toBe(19_980);
}, 60_000);

test('a file that is cut off, one that is none, wrong arguments and a broker that is not there', async () => {
  const environment = await newTopic();
  const cut = join(folder, 'cut.ndjson.gz');
  const packed = gzipSync(linesOf(999).join('\n'));
  writeFileSync(cut, packed.subarray(0, packed.length - 9));
  expect(await startImport([cut], environment).ended).toMatchObject({
    code: 1,
    stderr: 'cut.ndjson.gz is cut off: its gzip has no end: get the whole file, and import it by --again\n',
  });
  writeFileSync(cut, packed);
  expect((await startImport([cut], environment).ended).stderr).toMatch(/was another file: .* by --again/);
  expect(await startImport([cut, '--again'], environment).ended).toMatchObject({ code: 0 });
  const [good, kept] = [join(folder, 'good.ndjson'), join(folder, 'kept')];
  writeFileSync(good, linesOf(1).join('\n'));
  writeFileSync(kept, '{"line":1,"reason":"body: must be valid JSON","text":"x"}\n');
  const array = join(folder, 'array.json');
  writeFileSync(array, '[{"userId":"a"}]');
  for (const [args, code, stderr] of [
    [[], 2, /^which file is to be imported\?/],
    [['x', '--form', 'csv'], 2, /^unknown option '--form'/],
    [['x', '--format', 'xml'], 2, /^--format xml: must be one of ndjson, csv/],
    [['x', 'y', '--state', 's'], 2, /^--state, --rejects and --name are for one file/],
    [[array], 2, /^array\.json: it is a JSON array/],
    [[join(folder, 'none')], 1, /ENOENT/],
    [[good, '--rejects', good], 2, /good\.ndjson is no file of rejects: name another/],
    [[good, '--rejects', kept], 2, /kept has the rejects of an earlier import: move it away/],
  ] as const) {
    expect(await startImport(args, environment).ended).toMatchObject({
      code,
      stderr: expect.stringMatching(stderr),
    });
  }
  const nowhere = { ...environment, KAFKA_BROKERS: '127.0.0.1:1' };
  expect(await startImport([array], nowhere).ended).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^Kafka at 127\.0\.0\.1:1 cannot be reached/),
  });
  const elsewhere = { ...environment, KAFKA_TOPIC: `no-${environment['KAFKA_TOPIC']}` };
  expect((await startImport([array], elsewhere).ended).stderr).toMatch(/^there is no topic no-import/);
}, 60_000);
