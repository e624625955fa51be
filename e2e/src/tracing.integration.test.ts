// Spans of OpenTelemetry on the real parts: a request, its records, their logs on the enriched topic, and
// what a collector receives of them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { topicEnvironment, topicsNamed } from '@activity/contracts';
import { ensureTopics } from '@activity/local/parts/topics';
import { servers } from '@activity/testbed/testing';
import {
  startOtlpReceiver,
  type OtlpReceiver,
  type ReceivedSpan,
} from '@activity/testbed/testing/otlp-receiver';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startService, type ServiceProcess } from './testing/service-process.ts';
import { headersOf, readCommitted, type Witness } from './testing/witness.ts';

const name = `tracing-${process.pid}`;
const topics = topicsNamed(name);
const folder = mkdtempSync(join(tmpdir(), 'activity-tracing-'));
const patience = { timeout: 60_000, interval: 100 };
/** The headers of each log, by its event id. */
const headersById = new Map<string, Record<string, string>>();
let collector: OtlpReceiver;
let edge: ServiceProcess;
let processor: ServiceProcess;
let witness: Pick<Witness, 'close'>;

beforeAll(async () => {
  const brokers = servers().kafka;
  await ensureTopics(brokers, topics, 2);
  witness = await readCommitted(brokers, [topics.enriched], ({ message }) => {
    const { eventId } = JSON.parse(String(message.value)) as { eventId: string };
    headersById.set(eventId, headersOf(message));
  });
  collector = await startOtlpReceiver();
  const env = {
    ...topicEnvironment(topics),
    KAFKA_BROKERS: brokers,
    KAFKA_GROUP_ID: name,
    STATE_DIR: folder,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_TIMEOUT: '2000',
    OTEL_TRACES_SAMPLER: 'parentbased_always_on',
    OTEL_BSP_SCHEDULE_DELAY: '200',
    LOG_LEVEL: 'info',
  };
  edge = await startService('ingest', env);
  processor = await startService('processor', env);
  await Promise.all([edge.until(200, 60_000), processor.until(200, 120_000)]);
}, 240_000);

afterAll(async () => {
  await Promise.all([edge?.stop(), processor?.stop(), witness?.close()]);
  await collector?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function post(ids: readonly string[], headers: Record<string, string> = {}): Promise<void> {
  const events = ids.map((eventId) => ({ eventId, userId: `user-${eventId}`, activityType: 'LOGIN' }));
  const answer = await fetch(`${edge.url}/api/logs/batch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(events),
  });
  expect(await answer.json()).toMatchObject({ accepted: ids.length });
}

/** The headers of logs, when all of them are on the enriched topic. */
async function logged(ids: readonly string[]): Promise<Record<string, string>[]> {
  return vi.waitFor(() => {
    const found = ids.map((id) => headersById.get(id)).filter((headers) => headers !== undefined);
    expect(found).toHaveLength(ids.length);
    return found;
  }, patience);
}

async function spansOf(traceId: string, count: number): Promise<ReceivedSpan[]> {
  return vi.waitFor(() => {
    const found = collector.spans.filter((span) => span.traceId === traceId);
    expect(found).toHaveLength(count);
    return found;
  }, patience);
}

const caller = '00f067aa0ba902b7';

test('a sampled request: the edge’s span, one of the processor for each event, and the last of them on the log', async () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const ids = ['sampled-1', 'sampled-2', 'sampled-3'];
  await post(ids, { traceparent: `00-${traceId}-${caller}-01`, tracestate: 'vendor=own' });
  const headers = await logged(ids);
  const spans = await spansOf(traceId, 1 + ids.length);
  const request = spans.find(({ service }) => service === 'ingest');
  expect(request).toMatchObject({ name: 'POST /api/logs/batch', parentSpanId: caller, failed: false });
  const processed = spans.filter(({ service }) => service === 'processor');
  for (const span of processed) {
    expect(span).toMatchObject({
      name: `process ${topics.raw}`,
      parentSpanId: request?.spanId,
      attributes: { 'messaging.system': 'kafka', 'messaging.destination.name': topics.raw },
    });
  }
  expect(new Set(headers.map(({ traceparent }) => traceparent))).toEqual(
    new Set(processed.map(({ spanId }) => `00-${traceId}-${spanId}-01`)),
  );
  expect(headers.map(({ tracestate }) => tracestate)).toEqual(ids.map(() => 'vendor=own'));
});

test('of a request that is not sampled there is no span, and its trace goes through as it is', async () => {
  const traceId = 'aaf92f3577b34da6a3ce929d0e0e4736';
  const traceparent = `00-${traceId}-${caller}-00`;
  await post(['unsampled'], { traceparent });
  expect(await logged(['unsampled'])).toMatchObject([{ traceparent }]);
  // What came later has arrived.
  await post(['after-it']);
  const [headers] = await logged(['after-it']);
  await spansOf(headers?.['traceparent']?.split('-')[1] ?? '', 2);
  expect(collector.spans.filter((span) => span.traceId === traceId)).toEqual([]);
});

test('while the collector is away, events go on; when it is back, so do spans', async () => {
  const { port } = collector;
  await collector[Symbol.asyncDispose]();
  const ids = Array.from({ length: 3_000 }, (_, index) => `away-${index}`);
  for (let from = 0; from < ids.length; from += 500) await post(ids.slice(from, from + 500));
  await logged(ids);
  await vi.waitFor(() => {
    expect(edge.output()).toContain('sending spans failed');
    expect(processor.output()).toContain('sending spans failed');
  }, patience);
  expect(await edge.readiness()).toBe(200);
  collector = await startOtlpReceiver(port);
  let round = 0;
  await vi.waitFor(
    async () => {
      await post([`back-${++round}`]);
      const [headers] = await logged([`back-${round}`]);
      const traceId = headers?.['traceparent']?.split('-')[1];
      await vi.waitFor(
        () => expect(collector.spans.filter((span) => span.traceId === traceId)).toHaveLength(2),
        { timeout: 2_000 },
      );
    },
    { timeout: 60_000, interval: 500 },
  );
}, 180_000);

test('services end in time while the collector hangs, and in order', async () => {
  collector.hangs = true;
  await post(['last']);
  await logged(['last']);
  const began = performance.now();
  expect(await Promise.all([edge.stop(), processor.stop()])).toEqual([0, 0]);
  expect(performance.now() - began).toBeLessThan(9_000);
}, 60_000);
