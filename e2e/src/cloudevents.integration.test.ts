// CloudEvents both ways with the package of its makers: sent to a real edge in each mode, read back from the
// enriched topic of a real broker. And the commands and programs of docs/cloudevents.md.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { topicEnvironment, topicsNamed } from '@activity/contracts';
import { blocksOf } from '@activity/deploy/checks/markdown';
import { ensureTopics } from '@activity/local/parts/topics';
import { projectRoot } from '@activity/testbed/paths';
import { endProcess } from '@activity/testbed/testing/end-process';
import { servers } from '@activity/testbed/testing';
import { CloudEvent, emitterFor, httpTransport, Kafka as Binding, Mode } from 'cloudevents';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startService, type ServiceProcess } from './testing/service-process.ts';
import { headersOf, readCommitted, type Witness } from './testing/witness.ts';

interface Log {
  userId: string;
  activityType: string;
  eventId: string;
  metadata: Record<string, unknown>;
}

const order = 'com.example.order.completed';
const types = [order, 'PAGE_VIEW', 'LOGIN'];
/** Of the data of an order, and of nothing else. */
const orderSchema = {
  type: 'object',
  properties: { userId: { type: 'string' }, order: { type: 'object', required: ['number', 'text'] } },
  required: ['order'],
  additionalProperties: false,
};
const name = `cloudevents-${process.pid}`;
const topics = topicsNamed(name);
const folder = mkdtempSync(join(tmpdir(), 'activity-cloudevents-'));
const read: CloudEvent<Log>[] = [];
const headersRead: Record<string, string>[] = [];
const env = {
  ...topicEnvironment(topics),
  KAFKA_GROUP_ID: name,
  STATE_DIR: folder,
  CLOUDEVENTS_SOURCE: '/activity',
  LOG_LEVEL: 'warn',
};
let brokers: string;
let edge: ServiceProcess;
let processor: ServiceProcess;
let witness: Pick<Witness, 'close'>;

beforeAll(async () => {
  brokers = servers().kafka;
  await ensureTopics(brokers, topics, 2);
  witness = await readCommitted(brokers, [topics.enriched], ({ message }) => {
    const headers = headersOf(message);
    headersRead.push(headers);
    const record = { key: String(message.key), value: message.value, headers };
    if (headers['ce_id'] !== undefined) read.push(Binding.toEvent(record as never) as CloudEvent<Log>);
  });
  edge = await startService('ingest', { ...env, KAFKA_BROKERS: brokers });
  processor = await startService('processor', { ...env, KAFKA_BROKERS: brokers });
  await Promise.all([edge.until(200, 60_000), processor.until(200, 120_000)]);
  const registered = await fetch(`${edge.url}/api/types/${order}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ schema: orderSchema }),
  });
  if (registered.status !== 201) throw new Error(await registered.text());
}, 240_000);

afterAll(async () => {
  await Promise.all([edge?.stop(), processor?.stop(), witness?.close()]);
  rmSync(folder, { recursive: true, force: true });
});

function eventsOf(mode: string, count: number): CloudEvent<Record<string, unknown>>[] {
  return Array.from({ length: count }, (_, index) => {
    const subject = `user-${index % 7}`;
    return new CloudEvent<Record<string, unknown>>({
      id: `${mode}-${index}`,
      source: 'https://shop.example/orders',
      type: types[index % types.length] ?? '',
      time: new Date(Date.now() - index * 1_000).toISOString(),
      datacontenttype: 'application/json',
      dataschema: 'https://shop.example/order.json',
      // Of every second event the user is in its data.
      ...(index % 2 === 0 && { subject }),
      data: { userId: subject, order: { number: index, text: 'Grüße, 50 % 😀' } },
      tenant: 'de',
    });
  });
}

/** Sends events by the package, twice: a sender that got no answer sends again. */
async function send(
  mode: 'binary' | 'structured' | 'batch',
  events: readonly CloudEvent<Record<string, unknown>>[],
): Promise<void> {
  const transport = httpTransport(`${edge.url}/api/cloudevents`);
  async function once(): Promise<void> {
    if (mode === 'batch') {
      const headers = { 'content-type': 'application/cloudevents-batch+json; charset=utf-8' };
      const answer = (await transport({ headers, body: JSON.stringify(events) })) as { body: string };
      expect(JSON.parse(answer.body)).toMatchObject({ accepted: events.length, refused: 0 });
      return;
    }
    const emit = emitterFor(transport, { mode: mode === 'binary' ? Mode.BINARY : Mode.STRUCTURED });
    for (const event of events) {
      const answer = (await emit(event)) as { body: string };
      expect(JSON.parse(answer.body)).toMatchObject({
        success: true,
        eventId: `${event.source}#${event.id}`,
      });
    }
  }
  await once();
  await once();
}

test.each(['binary', 'structured', 'batch'] as const)(
  'what is sent in the mode %s is read back, each event once',
  async (mode) => {
    const sent = eventsOf(mode, 30);
    await send(mode, sent);
    const ours = (): CloudEvent<Log>[] => read.filter(({ id }) => id.startsWith(`${mode}-`));
    await vi.waitFor(() => expect(ours().length).toBeGreaterThanOrEqual(sent.length), {
      timeout: 60_000,
      interval: 100,
    });
    // A fence: behind it nothing of these events follows.
    await fetch(`${edge.url}/api/logs/batch`, {
      method: 'POST',
      body: JSON.stringify(
        Array.from({ length: 7 }, (_, index) => ({
          userId: `user-${index}`,
          activityType: 'LOGIN',
          eventId: `fence-${mode}-${index}`,
        })),
      ),
    });
    await vi.waitFor(() => expect(read.filter(({ id }) => id.startsWith(`fence-${mode}-`))).toHaveLength(7), {
      timeout: 60_000,
      interval: 100,
    });
    const byId = (a: { id: string }, b: { id: string }): number => a.id.localeCompare(b.id);
    expect(ours().toSorted(byId)).toMatchObject(
      sent.toSorted(byId).map(({ id, source, type, time, data, dataschema }) => ({
        id,
        source,
        type,
        time,
        subject: data?.['userId'],
        datacontenttype: 'application/json',
        partitionkey: data?.['userId'],
        data: {
          eventId: `${source}#${id}`,
          activityType: type,
          userId: data?.['userId'],
          timestamp: time,
          metadata: { ...data, cloudevent: { id, source, dataschema, tenant: 'de' } },
        },
      })),
    );
    expect(read.find(({ id }) => id === `fence-${mode}-0`)).toMatchObject({
      source: '/activity',
      subject: 'user-0',
    });
  },
  120_000,
);

test('data that the schema of a type refuses is 422', async () => {
  const [event] = eventsOf('refused', 1);
  const wrong = { ...event?.toJSON(), data: { order: 17 } };
  const answer = await fetch(`${edge.url}/api/cloudevents`, {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents+json' },
    body: JSON.stringify(wrong),
  });
  expect(answer.status).toBe(422);
  expect(await answer.json()).toMatchObject({
    details: [{ field: 'data.order', message: 'must be object' }],
  });
});

test('the trace of a request is in the headers of its records', async () => {
  const trace = {
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    tracestate: 'vendor=of-its-own,other=1',
  };
  const events = ['traced-1', 'traced-2'].map((eventId) => ({
    eventId,
    userId: eventId,
    activityType: 'LOGIN',
  }));
  const answer = await fetch(`${edge.url}/api/logs/batch`, {
    method: 'POST',
    headers: trace,
    body: JSON.stringify([...events]),
  });
  expect(answer.status).toBe(207);
  const found = await vi.waitFor(
    () => {
      const traced = headersRead.filter(({ ce_id: id }) => id?.startsWith('traced-'));
      expect(traced).toHaveLength(2);
      return traced;
    },
    { timeout: 60_000, interval: 100 },
  );
  for (const headers of found) expect(headers).toMatchObject(trace);
});

test('events are counted by type, by the edge and by the processor', async () => {
  await vi.waitFor(
    async () => {
      const text = await (await fetch(`${processor.url}/metrics`)).text();
      for (const type of types) {
        const logs = read.filter((event) => event.type === type).length;
        expect(logs).toBeGreaterThan(0);
        expect(text).toContain(
          `activity_processor_events_by_type_total{type="${type}",service="processor"} ${logs}\n`,
        );
      }
    },
    { timeout: 30_000, interval: 200 },
  );
  const text = await (await fetch(`${edge.url}/metrics`)).text();
  // Each was sent twice.
  const orders = read.filter(({ type }) => type === order).length;
  expect(text).toContain(
    `activity_ingest_events_by_type_total{type="${order}",service="ingest"} ${2 * orders}\n`,
  );
});

const page = readFileSync(join(projectRoot, 'docs', 'cloudevents.md'), 'utf8');
const blocks = blocksOf(page).map(({ language, text, mark }, index) => ({ index, language, text, mark }));

test('each block of docs/cloudevents.md is run', () => {
  expect(blocks.filter(({ mark }) => mark !== 'run')).toEqual([]);
  expect(blocks.map(({ language }) => language)).toEqual(['sh', 'ts', 'ts']);
});

/** Runs a block. Resolves when it has ended, or has printed what `until` finds. */
async function run({ index, language, text }: (typeof blocks)[number], until?: RegExp): Promise<string> {
  // Where the packages that it imports are found.
  const file = join(projectRoot, 'e2e', `.cloudevents-${process.pid}-${index}.ts`);
  writeFileSync(file, text);
  const [command, ...args] = language === 'sh' ? ['sh', '-e', file] : [process.execPath, file];
  const child = spawn(command ?? '', args, {
    env: { ...process.env, ...topicEnvironment(topics), EDGE: edge.url, KAFKA_BROKERS: brokers },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (more: string) => (output += more));
  }
  try {
    await vi.waitFor(
      () => {
        const done = until === undefined ? child.exitCode === 0 : until.test(output);
        expect(done ? 'done' : output).toBe('done');
      },
      { timeout: 60_000, interval: 50 },
    );
    return output;
  } finally {
    await endProcess(child);
    rmSync(file);
  }
}

test('the commands of the page send events', async () => {
  const [block] = blocks;
  if (block === undefined) throw new Error('no block');
  const output = await run(block);
  expect(output).toContain('"eventId":"/shop#17"');
  expect(output).toContain('"eventId":"/shop#18"');
  expect(output).toContain('"accepted":2,"refused":0');
}, 90_000);

test('its programs send and read events', async () => {
  const [, sender, reader] = blocks;
  if (sender === undefined || reader === undefined) throw new Error('no block');
  await run(sender);
  const output = await run(
    reader,
    /PAGE_VIEW Jürgen(.|\n)*PAGE_VIEW ada|PAGE_VIEW ada(.|\n)*PAGE_VIEW Jürgen/,
  );
  expect(output).toMatch(/PAGE_VIEW Jürgen \{\s*path: '\/pricing'/);
  expect(output).toMatch(/PAGE_VIEW ada \{\s*path: '\/pricing'/);
}, 180_000);
