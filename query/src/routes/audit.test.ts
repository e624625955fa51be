import { expect, test } from 'vitest';
import { testApp, time } from '../app.fixture.ts';

const { app, asked } = testApp();

async function get(path: string, key = 'administrator'): Promise<{ status: number; body: unknown }> {
  const answer = await app.request(path, { headers: { 'x-api-key': key } });
  return { status: answer.status, body: await answer.json() };
}

test('shows lines to whoever may administer', async () => {
  const at = time.toISOString();
  expect(await get('/api/audit')).toEqual({
    status: 200,
    body: {
      data: [
        {
          id: 'line',
          at,
          actor: { name: 'ann' },
          action: 'key.created',
          target: 'aaaaaaaaaaaa',
          details: { name: 'web', scopes: ['ingest'] },
        },
      ],
      next: null,
      asOf: at,
    },
  });
  for (const key of ['reader', 'eraser', 'writer']) expect((await get('/api/audit', key)).status).toBe(403);
});

test('filters by kind, actor, target and time', async () => {
  asked.length = 0;
  const at = time.toISOString();
  await get(`/api/audit?kind=key,log&actor=ann&target=x&from=${at}&to=${at}&limit=7`);
  expect(asked).toEqual([
    {
      audit: {
        $and: [
          { action: { $in: ['key.created', 'key.changed', 'key.revoked', 'key.removed', 'log.deleted'] } },
          { $or: [{ 'actor.keyId': 'ann' }, { 'actor.name': 'ann' }] },
          { target: 'x' },
          { at: { $gte: time } },
          { at: { $lt: time } },
        ],
      },
      options: { sort: { at: -1, _id: -1 }, limit: 8 },
    },
  ]);
});

test.each(['kind=keys', 'limit=201', 'limit=0', 'cursor=x.y', 'from=yesterday', 'actor=', 'what=1'])(
  'refuses %s',
  async (parameters) => {
    expect((await get(`/api/audit?${parameters}`)).status).toBe(400);
  },
);
