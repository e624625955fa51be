import { createLogger, openTracing, type Tracing } from '@activity/service';
import { startOtlpReceiver, type OtlpReceiver } from '@activity/testbed/testing/otlp-receiver';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { testEdge, type TestEdge } from '../app.fixture.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const caller = '00f067aa0ba902b7';
const event = { userId: 'u', activityType: 'LOGIN' };

let receiver: OtlpReceiver;
let tracing: Tracing;
let edge: TestEdge;
let logged: string[];

beforeEach(async () => {
  receiver = await startOtlpReceiver();
  logged = [];
  tracing = await openTracing(
    {
      service: 'ingest',
      url: `${receiver.url}/v1/traces`,
      timeoutMs: 500,
      sampler: 'parentbased_always_on',
      ratio: 1,
    },
    createLogger('test', 'info', { write: (line) => logged.push(line) }),
  );
  edge = testEdge({ tracing });
});

afterEach(async () => {
  receiver.hangs = false;
  await tracing.close();
  await receiver[Symbol.asyncDispose]();
});

async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<number> {
  const answer = await edge.app.request(path, { method: 'POST', body: JSON.stringify(body), headers });
  return answer.status;
}

function parentOf(flags: string): Record<string, string> {
  return { traceparent: `00-${traceId}-${caller}-${flags}`, tracestate: 'a=b' };
}

test('a request of a sampled trace has a span, which is the parent of its records', async () => {
  expect(await post('/api/logs/batch', [event, event], parentOf('01'))).toBe(207);
  await tracing.flush();
  expect(receiver.spans).toEqual([
    {
      service: 'ingest',
      traceId,
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
      parentSpanId: caller,
      name: 'POST /api/logs/batch',
      kind: 2,
      failed: false,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/api/logs/batch',
        'http.response.status_code': 207,
      },
    },
  ]);
  const traceparent = `00-${traceId}-${receiver.spans[0]?.spanId}-01`;
  const headers = [
    ['traceparent', traceparent],
    ['tracestate', 'a=b'],
  ];
  expect(edge.written.map((record) => record.headers)).toEqual([headers, headers]);
});

test('the trace of a request that is not sampled is carried as it is, without a span', async () => {
  expect(await post('/api/logs', event, parentOf('00'))).toBe(201);
  await tracing.flush();
  expect(receiver.spans).toEqual([]);
  expect(edge.written[0]?.headers).toEqual(Object.entries(parentOf('00')));
});

test('a request without a trace begins one where the sampler says so', async () => {
  expect(await post('/api/logs', event)).toBe(201);
  await tracing.flush();
  const [span] = receiver.spans;
  expect(span?.parentSpanId).toBeUndefined();
  expect(edge.written[0]?.headers).toEqual([['traceparent', `00-${span?.traceId}-${span?.spanId}-01`]]);
});

test('a span has no id of a user in it, and says how the request ended', async () => {
  edge.result = { kind: 'unavailable', reason: 'deadline' };
  expect(await post('/api/logs', event)).toBe(503);
  expect(await post('/api/logs', { ...event, activityType: 'NOPE' })).toBe(400);
  expect(await post('/api/logs', 'x'.repeat(40_000))).toBe(413);
  await edge.app.request('/api/users/somebody', { method: 'DELETE' });
  await tracing.flush();
  expect(
    receiver.spans.map(({ name, failed, attributes }) => [
      name,
      attributes['http.response.status_code'],
      failed,
    ]),
  ).toEqual([
    ['POST /api/logs', 503, true],
    ['POST /api/logs', 400, false],
    ['POST /api/logs', 413, false],
    ['DELETE /api/users/:userId', 503, true],
  ]);
  expect(JSON.stringify(receiver.spans)).not.toContain('somebody');
});

test('a collector that does not respond costs spans, and neither events nor memory', async () => {
  receiver.hangs = true;
  const sent = 10_000;
  for (let index = 0; index < sent; index++) {
    tracing.start({ name: 'x', kind: 'server', parent: undefined, attributes: {} }).end();
  }
  expect(await post('/api/logs', event)).toBe(201);
  await vi.waitFor(() => expect(logged.join()).toContain('sending spans failed'), { timeout: 5_000 });
  receiver.hangs = false;
  const marked = tracing.start({ name: 'after', kind: 'server', parent: undefined, attributes: {} });
  await tracing.flush();
  marked.end();
  await tracing.flush();
  expect(receiver.spans.map(({ name }) => name)).toContain('after');
  // The queue of the SDK, and one more batch: the rest was dropped.
  expect(receiver.spans.length).toBeLessThanOrEqual(2_048 + 512);
  expect(logged.join()).toContain('sending spans succeeds again');
  expect(logged).toHaveLength(2);
});

test('closing ends in time while the collector hangs', async () => {
  receiver.hangs = true;
  tracing.start({ name: 'x', kind: 'server', parent: undefined, attributes: {} }).end();
  const began = performance.now();
  await tracing.close();
  expect(performance.now() - began).toBeLessThan(3_000);
});
