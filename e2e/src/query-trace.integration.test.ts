// Where an event is, asked of the whole pipeline while parts of it stand still;
// and how the pipeline says it is.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readEvents } from './testing/event-source.ts';
import { startStack, type Stack } from './testing/stack.ts';

let stack: Stack;
let edge: string;
let query: string;

beforeAll(async () => {
  stack = await startStack('trace');
  const { ports } = stack;
  edge = `http://127.0.0.1:${ports.ingest}`;
  query = `http://127.0.0.1:${ports.query}`;
});

afterAll(() => stack.stop());

async function post(eventId: string, fields: Record<string, unknown> = {}): Promise<void> {
  const body = JSON.stringify({ userId: 'ada', activityType: 'LOGIN', eventId, ...fields });
  expect((await fetch(`${edge}/api/logs`, { method: 'POST', body })).status).toBe(201);
}

async function get(path: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${edge}${path}`);
  expect([path, response.status]).toEqual([path, 200]);
  return (await response.json()) as Record<string, unknown>;
}

async function trace(eventId: string, userId = 'ada'): Promise<Record<string, unknown>> {
  return get(`/api/events/${eventId}/trace?userId=${userId}`);
}

async function stored(eventId: string, userId = 'ada'): Promise<number> {
  const log = await get(`/api/logs/${eventId}?userId=${userId}&wait=10s`);
  return Number(log['_id']);
}

test('stored, with its raw position and times; unknown for one that nobody sent', async () => {
  await post('one');
  const log = await stored('one');
  const found = await trace('one');
  expect(found).toMatchObject({ state: 'stored', log, deadLetters: [], duplicates: [], unanswered: [] });
  expect(found['raw']).toEqual({ partition: log % 1_024, offset: Math.floor(log / 1_024) });
  expect(Date.parse(String(found['processedAt']))).toBeGreaterThanOrEqual(
    Date.parse(String(found['receivedAt'])),
  );
  expect(await trace('one', 'grace')).toMatchObject({ state: 'unknown', raw: null, unanswered: [] });
});

test('a copy with another body is dead-lettered, and of which log it is a duplicate', async () => {
  await post('two');
  const log = await stored('two');
  await post('two', { activityType: 'ERROR' });
  await vi.waitFor(
    async () =>
      expect(await trace('two')).toMatchObject({
        state: 'stored',
        deadLetters: [
          { reason: 'conflicting-duplicate', duplicateOf: log, message: expect.stringContaining('two') },
        ],
      }),
    { timeout: 15_000 },
  );
});

test('accepted, with what is before it, while the processor stands still; a copy that waits is a duplicate', async () => {
  await post('three');
  const log = await stored('three');
  const processor = stack.pid('processor');
  process.kill(processor, 'SIGSTOP');
  try {
    await post('three');
    await post('four');
    await post('five');
    const found = await trace('five');
    expect(found).toMatchObject({
      state: 'accepted',
      waiting: { stage: 'processor' },
      unanswered: ['processor'],
    });
    // Whatever of the transaction before was not committed yet is before it too.
    expect((found['waiting'] as { recordsBefore: number }).recordsBefore).toBeGreaterThanOrEqual(2);
    expect(await trace('three')).toMatchObject({
      state: 'stored',
      log,
      duplicates: [{ duplicateOf: log, raw: { partition: log % 1_024 } }],
    });
    expect(await get('/api/pipeline')).toMatchObject({
      healthy: false,
      processor: { instances: [{ state: 'unreachable' }] },
    });
  } finally {
    process.kill(processor, 'SIGCONT');
  }
  await stored('five');
  expect(await trace('five')).toMatchObject({ state: 'stored', waiting: null });
  expect(await trace('three')).toMatchObject({ state: 'stored', log });
});

test('processed and on its way, while Kafka Connect stands still', async () => {
  const worker = stack.pid('kafka-connect');
  process.kill(worker, 'SIGSTOP');
  try {
    await post('six');
    await vi.waitFor(
      async () =>
        expect(await trace('six')).toMatchObject({ state: 'processed', waiting: { stage: 'sink' } }),
      { timeout: 15_000, interval: 200 },
    );
    const { log, raw } = await trace('six');
    expect(log).toBe((raw as { offset: number }).offset * 1_024 + (raw as { partition: number }).partition);
  } finally {
    process.kill(worker, 'SIGCONT');
  }
  expect(await stored('six')).toBe((await trace('six'))['log']);
});

test('deleted, by which command; erased with its user', async () => {
  await post('seven');
  const log = await stored('seven');
  const deletion = await fetch(`${edge}/api/logs/${log}`, { method: 'DELETE' });
  const { commandId } = (await deletion.json()) as { commandId: number };
  await vi.waitFor(
    async () =>
      expect(await trace('seven')).toMatchObject({ state: 'deleted', log, deleted: { by: commandId } }),
    { timeout: 15_000 },
  );
  await post('eight', { userId: 'gone' });
  await stored('eight', 'gone');
  const erasure = await fetch(`${edge}/api/users/gone`, { method: 'DELETE' });
  const { commandId: by } = (await erasure.json()) as { commandId: number };
  await vi.waitFor(
    async () => {
      const found = await trace('eight', 'gone');
      expect(found).toMatchObject({ state: 'erased', deleted: { by, at: expect.stringMatching(/^20/) } });
    },
    { timeout: 30_000, interval: 200 },
  );
});

// fetch normalises paths, as browsers and curl do.
test('users and events whose ids no path can hold are read, traced and deleted by parameters', async () => {
  for (const [userId, eventId] of [
    ['.', '..'],
    ['..', '.'],
    ['a/../b', '%2e%2e/x?y#z'],
  ] as const) {
    await post(eventId, { userId });
    const event = new URLSearchParams({ eventId, userId }).toString();
    const user = new URLSearchParams({ userId }).toString();
    await vi.waitFor(
      async () => expect(await get(`/api/events/trace?${event}`)).toMatchObject({ state: 'stored', eventId }),
      { timeout: 30_000, interval: 200 },
    );
    await vi.waitFor(
      async () => {
        expect(await get(`/api/users/activity?${user}`)).toMatchObject({ userId, total: 1 });
        const timeline = await get(`/api/users/timeline?${user}&interval=hour`);
        expect(timeline).toMatchObject({ userId, interval: 'hour' });
        expect((timeline['buckets'] as { total: number }[]).reduce((sum, { total }) => sum + total, 0)).toBe(
          1,
        );
      },
      { timeout: 30_000, interval: 200 },
    );
    expect((await fetch(`${edge}/api/logs?${event}`, { method: 'DELETE' })).status).toBe(202);
    await vi.waitFor(
      async () => expect(await get(`/api/events/trace?${event}`)).toMatchObject({ state: 'deleted' }),
      { timeout: 30_000, interval: 200 },
    );
  }
}, 120_000);

test('a dead letter of before an erasure is in no trace', async () => {
  const event = { eventId: 'letter', userId: 'lettered' };
  await post('letter', event);
  await stored('letter', 'lettered');
  await post('letter', { ...event, activityType: 'ERROR' });
  await vi.waitFor(async () => expect((await trace('letter', 'lettered'))['deadLetters']).toHaveLength(1), {
    timeout: 30_000,
    interval: 200,
  });
  await fetch(`${edge}/api/users/lettered`, { method: 'DELETE' });
  await vi.waitFor(
    async () => expect(await trace('letter', 'lettered')).toMatchObject({ state: 'erased', deadLetters: [] }),
    { timeout: 30_000, interval: 200 },
  );
  await post('letter', event);
  await stored('letter', 'lettered');
  expect(await trace('letter', 'lettered')).toMatchObject({ state: 'stored', deadLetters: [] });
});

test('through the edge the tail sends what is stored, and a reader that goes is let go', async () => {
  const reader = readEvents(`${edge}/api/logs/tail?userId=tail`);
  await vi.waitFor(() => expect(reader.lastId()).not.toBe(''), { timeout: 10_000 });
  await post('nine', { userId: 'tail' });
  await vi.waitFor(
    () => expect(reader.events.map(({ data }) => data)).toEqual([expect.stringContaining('nine')]),
    {
      timeout: 10_000,
    },
  );
  await reader.stop();
  await vi.waitFor(
    async () =>
      expect(await (await fetch(`${query}/metrics`)).text()).toMatch(/^activity_query_tails\{.*\} 0$/m),
    { timeout: 10_000 },
  );
});

test('the pipeline is healthy, nothing is on its way, and answers say that they are of now', async () => {
  await vi.waitFor(
    async () => {
      const answer = await get('/api/pipeline');
      expect(answer).toMatchObject({ healthy: true, processor: { instances: [{ state: 'ready' }], lag: 0 } });
      expect(answer['ledger']).toMatchObject({ deadLettered: 2, duplicate: 1 });
    },
    { timeout: 30_000, interval: 500 },
  );
  const { asOf } = await get('/api/stats/overview');
  await vi.waitFor(
    async () => {
      const later = await get('/api/stats/overview');
      expect(Date.parse(String(later['asOf']))).toBeGreaterThan(Date.parse(String(asOf)));
    },
    { timeout: 90_000, interval: 1_000 },
  );
}, 150_000);
