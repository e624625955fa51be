import { enrichedLog } from '@activity/contracts';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { testApp } from '../app.fixture.ts';
import { enrichedSchemaOf } from './types.ts';

async function get(
  path: string,
): Promise<{ status: number; etag: string | null; body: Record<string, unknown> }> {
  const { app } = testApp();
  const response = await app.request(path, { headers: { 'x-api-key': 'reader' } });
  const body = (await response.json()) as Record<string, unknown>;
  return { status: response.status, etag: response.headers.get('etag'), body };
}

const name = 'Order, Completed';
const path = `/api/types/${encodeURIComponent(name)}`;

describe('GET /api/types', () => {
  test('lists the registered types with figures, then what was seen with a sample of its fields', async () => {
    const { status, body } = await get('/api/types');
    const types = body['types'] as { name: string }[];
    expect(status).toBe(200);
    expect(body).toMatchObject({ unknownTypes: 'refuse', catalogueRead: true });
    expect(types.find((type) => type.name === 'LOGIN')).toMatchObject({
      registered: true,
      builtIn: true,
      mode: 'off',
      version: 0,
      last24h: 1,
      last30d: 10,
      violations: 0,
    });
    expect(types.find((type) => type.name === name)).toMatchObject({
      builtIn: false,
      mode: 'warn',
      version: 2,
      owner: 'shop',
      schema: { type: 'object' },
      last24h: 2,
      lastSeen: null,
      violations: 4,
    });
    expect(types.at(-1)).toMatchObject({ name: 'seen', registered: false, last30d: 5, fields: ['a', 'b'] });
  });

  test.each([path, `/api/types?name=${encodeURIComponent(name)}`])(
    '%s has one with its versions',
    async (one) => {
      expect(await get(one)).toMatchObject({
        status: 200,
        etag: '"3"',
        body: { name, versions: [{ version: 2, schema: { type: 'object' } }] },
      });
    },
  );

  test('knows a type that was seen, and none that was not', async () => {
    expect(await get('/api/types/seen')).toMatchObject({ status: 200, body: { registered: false } });
    expect((await get('/api/types/nothing')).status).toBe(404);
    expect((await get('/api/types/a%0Ab')).status).toBe(400);
  });
});

test('a filter takes a name with a comma, and says which types there are', async () => {
  const { app, asked } = testApp();
  const headers = { 'x-api-key': 'reader' };
  const query = `activityType=${encodeURIComponent(name)}&activityType=LOGIN,ERROR`;
  expect((await app.request(`/api/logs?${query}`, { headers })).status).toBe(200);
  expect(asked[0]).toMatchObject({ filter: { activityType: [name, 'LOGIN', 'ERROR'] } });
  const refused = await get('/api/logs?activityType=LOGON');
  expect(refused.status).toBe(400);
  expect(JSON.stringify(refused.body)).toContain('must be one of LOGIN, LOGOUT');
});

test('the schema of a type’s records takes a log of the type, and no other', async () => {
  const { status, body } = await get(`${path}/enriched-schema`);
  expect([status, body['title']]).toEqual([200, name]);
  const schema = {
    type: 'object',
    required: ['total'],
    properties: { total: { $ref: '#/$defs/n' } },
    $defs: { n: { type: 'number' } },
    additionalProperties: false,
  };
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  const validate = ajv.compile(enrichedSchemaOf(name, schema));
  const at = '2026-01-02T03:04:05.678Z';
  const log = enrichedLog.parse({
    _id: 1,
    eventId: 'e',
    userId: 'u',
    activityType: name,
    metadata: { total: 1 },
    timestamp: at,
    receivedAt: at,
    createdAt: at,
    typeVersion: 2,
  });
  expect([validate(log), validate.errors]).toEqual([true, null]);
  // A closed schema judged what the client sent; the edge has added to it.
  expect(validate({ ...log, metadata: { total: 1, cloudevent: { id: '17', source: '/shop' } } })).toBe(true);
  expect(validate({ ...log, metadata: { total: '1' } })).toBe(false);
  expect(validate({ ...log, metadata: {} })).toBe(false);
  expect(validate({ ...log, activityType: 'LOGIN' })).toBe(false);
});
