import { expect, test } from 'vitest';
import { testApp, time } from '../app.fixture.ts';

const { app } = testApp();

async function get(path: string, key = 'eraser'): Promise<{ status: number; body: unknown }> {
  const answer = await app.request(path, { headers: { 'x-api-key': key } });
  return { status: answer.status, body: await answer.json() };
}

const done = {
  commandId: 5,
  state: 'done',
  userId: 'u',
  requestedAt: time.toISOString(),
  erasedAt: time.toISOString(),
  logs: 2,
  places: [{ place: 'kafka: raw', holds: 'events', until: time.toISOString() }],
  expiresAt: time.toISOString(),
};

test('an erasure is done with its receipt, on its way without one, or unknown', async () => {
  expect(await get('/api/erasures/5')).toEqual({ status: 200, body: done });
  expect(await get('/api/erasures/6')).toMatchObject({
    status: 200,
    body: { commandId: 6, state: 'accepted', userId: 'u', erasedAt: null, logs: null, places: [] },
  });
  expect((await get('/api/erasures/8')).status).toBe(404);
  expect((await get('/api/erasures/7')).status).toBe(503);
  expect((await get('/api/erasures/x')).status).toBe(400);
});

test('the list is for whoever may erase', async () => {
  expect(await get('/api/erasures?limit=1')).toEqual({ status: 200, body: { data: [done], waiting: null } });
  expect((await get('/api/erasures?before=5&userId=u')).status).toBe(200);
  expect((await get('/api/erasures?before=8')).status).toBe(404);
  expect((await get('/api/erasures', 'reader')).status).toBe(403);
  expect((await get('/api/erasures/5', 'reader')).status).toBe(403);
});
