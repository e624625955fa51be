// GET /api/audit on a real MongoDB.
import { Long, type Document } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startQuery, type QueryProcess } from '../query-process.fixture.ts';

let query: QueryProcess;
let get: QueryProcess['get'];

beforeAll(async () => {
  query = await startQuery('audit');
  ({ get } = query);
});

afterAll(async () => query?.close());

describe('GET /api/audit', () => {
  function line(id: string, minute: number, fields: Document): Document & { _id: string } {
    const at = new Date(Date.UTC(2026, 0, 2, 3, minute));
    return { _id: id, at, actor: {}, action: 'type.put', target: 'T', details: {}, ...fields };
  }

  beforeAll(async () => {
    await query.client
      .db()
      .collection<{ _id: string } & Document>('audit')
      .insertMany([
        line('a', 1, { actor: { keyId: 'k1', name: 'web' } }),
        line('b', 2, { actor: { name: 'ann' }, action: 'key.revoked', target: 'k1' }),
        // Three of the same moment, which a page may end between.
        ...['c', 'd', 'e'].map((id) =>
          line(id, 3, { actor: { keyId: 'k2' }, details: { version: Long.ONE } }),
        ),
        line('f', 4, { action: 'log.deleted', target: '7' }),
      ]);
  });

  async function ids(parameters: string): Promise<string> {
    const [status, { data }] = await get(`/api/audit?${parameters}`);
    expect(status).toBe(200);
    return (data as { id: string }[]).map(({ id }) => id).join('');
  }

  test('has the newest first, by kind, actor, target and time', async () => {
    expect(await ids('')).toBe('fedcba');
    expect(await ids('kind=key')).toBe('b');
    expect(await ids('kind=key&kind=log')).toBe('fb');
    expect(await ids('actor=web')).toBe('a');
    expect(await ids('actor=k2')).toBe('edc');
    expect(await ids('target=k1')).toBe('b');
    expect(await ids('from=2026-01-02T03:02:00Z&to=2026-01-02T03:03:00Z')).toBe('b');
    expect((await get('/api/audit?target=T&limit=1'))[1]['data']).toMatchObject([
      { details: { version: 1 } },
    ]);
  });

  test.each([1, 2, 4, 6])('has every line once in pages of %i', async (limit) => {
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const [, page] = await get(`/api/audit?limit=${limit}${cursor && `&cursor=${cursor}`}`);
      seen.push(...(page['data'] as { id: string }[]).map(({ id }) => id));
      cursor = page['next'] as string | null;
    }
    expect(seen.join('')).toBe('fedcba');
  });

  test('refuses the cursor of another list', async () => {
    const [, { next }] = await get('/api/audit?limit=1');
    expect((await get(`/api/audit?limit=1&kind=type&cursor=${next}`))[0]).toBe(400);
    expect((await get(`/api/logs?cursor=${next}`))[0]).toBe(400);
  });
});
