// The routes of the catalogue, and how events are judged by it.
import { describe, expect, test } from 'vitest';
import { testEdge, type TestEdge } from '../app.fixture.ts';

const order = {
  type: 'object',
  required: ['total'],
  properties: { total: { type: 'number', minimum: 0 }, coupon: { type: 'string' } },
  additionalProperties: false,
};
const name = 'Order Completed';
const path = `/api/types/${encodeURIComponent(name)}`;

interface Sent {
  status: number;
  etag: string | null;
  body: Record<string, unknown>;
}

async function send(
  edge: TestEdge,
  method: string,
  to: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Sent> {
  const answer = await edge.app.request(to, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    etag: answer.headers.get('etag'),
    body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
  };
}

function event(metadata: object, activityType: string = name): object {
  return { userId: 'ada', activityType, metadata };
}

function writtenBy(edge: TestEdge): Record<string, unknown>[] {
  return edge.written.map(({ value }) => JSON.parse(value) as Record<string, unknown>);
}

describe('PUT /api/types/:name', () => {
  test('registers a type, with its line of the audit before it', async () => {
    const edge = testEdge();
    const made = await send(edge, 'PUT', path, { schema: order, owner: 'shop', retentionDays: 30 });
    const at = '2026-01-02T03:04:05.678Z';
    expect(made).toEqual({
      status: 201,
      etag: '"1"',
      body: {
        name,
        mode: 'strict',
        owner: 'shop',
        retentionDays: 30,
        revision: 1,
        versions: [{ version: 1, schema: order, createdAt: at, by: 'anonymous' }],
        createdAt: at,
        updatedAt: at,
        by: 'anonymous',
      },
    });
    expect(edge.noted).toMatchObject([
      {
        action: 'type.put',
        target: name,
        details: { mode: 'strict', version: 1, schema: JSON.stringify(order) },
      },
    ]);
  });

  test('leaves what is absent, takes away what is null, and is a new version where the schema is another', async () => {
    const edge = testEdge();
    await send(edge, 'PUT', path, { schema: order, owner: 'shop' });
    const quiet = await send(edge, 'PUT', path, { mode: 'warn', owner: null });
    expect(quiet.status).toBe(200);
    expect(quiet.body).toMatchObject({
      mode: 'warn',
      revision: 2,
      versions: [{ version: 1, schema: order }],
    });
    expect(quiet.body).not.toHaveProperty('owner');
    const wider = { ...order, properties: { ...order.properties, note: true } };
    const next = await send(edge, 'PUT', path, { schema: wider });
    expect(next.body).toMatchObject({
      mode: 'warn',
      revision: 3,
      versions: [{ version: 1 }, { version: 2 }],
    });
    const again = await send(edge, 'PUT', path, { schema: wider });
    expect(again.etag).toBe('"3"');
    expect(edge.noted).toHaveLength(3);
  });

  test('refuses an incompatible schema with the reasons, unless it is forced', async () => {
    const edge = testEdge();
    await send(edge, 'PUT', path, { schema: order });
    const narrower = { ...order, required: ['total', 'coupon'] };
    const refused = await send(edge, 'PUT', path, { schema: narrower });
    expect(refused).toMatchObject({
      status: 409,
      body: { reasons: ['metadata.coupon: was not required'] },
    });
    const forced = await send(edge, 'PUT', `${path}?force=true`, { schema: narrower });
    expect(forced.body).toMatchObject({ versions: [{ version: 1 }, { version: 2 }] });
  });

  test('a first schema of a type that has none is put in the mode warn first', async () => {
    const edge = testEdge();
    await send(edge, 'PUT', path, {});
    expect((await send(edge, 'PUT', path, { schema: order, mode: 'strict' })).status).toBe(409);
    expect((await send(edge, 'PUT', path, { schema: order, mode: 'warn' })).status).toBe(200);
    expect((await send(edge, 'PUT', path, { mode: 'strict' })).status).toBe(200);
  });

  test.each<[string, string, unknown, Record<string, string>, number, unknown]>([
    ['a schema that is none', path, { schema: { type: 'text' } }, {}, 400, { field: 'schema' }],
    ['a field that is misspelt', path, { shema: {} }, {}, 400, { field: 'body' }],
    ['a name that is none', '/api/types/a%0Ab', {}, {}, 400, { field: 'name' }],
    ['a name that is not encoded', '/api/types/%ff', {}, {}, 400, { field: 'path' }],
    ['an ETag that is none', path, {}, { 'if-match': 'x' }, 400, { field: 'If-Match' }],
    ['force that is neither', `${path}?force=perhaps`, {}, {}, 400, { field: 'force' }],
  ])('refuses %s', async (_, to, body, headers, status, detail) => {
    const edge = testEdge();
    const refused = await send(edge, 'PUT', to, body, headers);
    expect(refused).toMatchObject({ status, body: { details: [detail] } });
    expect(edge.noted).toEqual([]);
  });

  test('of two that change the same revision, the second is 412', async () => {
    const edge = testEdge();
    await send(edge, 'PUT', path, {}, { 'if-none-match': '*' });
    expect((await send(edge, 'PUT', path, {}, { 'if-none-match': '*' })).status).toBe(412);
    expect((await send(edge, 'PUT', path, { owner: 'a' }, { 'if-match': '"1"' })).status).toBe(200);
    const late = await send(edge, 'PUT', path, { owner: 'b' }, { 'if-match': '"1"' });
    expect(late).toMatchObject({
      status: 412,
      body: { message: `${name} is not what was expected: its revision is 2` },
    });
  });

  test('changes nothing where the audit cannot be written', async () => {
    const edge = testEdge();
    edge.noteError = new Error('away');
    expect((await send(edge, 'PUT', path, {})).status).toBe(503);
    expect(edge.records.size).toBe(0);
  });

  test('takes any name by a parameter', async () => {
    const edge = testEdge();
    for (const odd of ['..', '$set', 'a.b/c', '注文 完了', '__proto__']) {
      const made = await send(edge, 'PUT', `/api/types?name=${encodeURIComponent(odd)}`, {});
      expect([odd, made.status, made.body['name']]).toEqual([odd, 201, odd]);
      expect((await send(edge, 'POST', '/api/logs', event({}, odd))).status).toBe(201);
    }
  });
});

describe('DELETE /api/types/:name', () => {
  test('takes a type away; its numbers are never given again', async () => {
    const edge = testEdge();
    await send(edge, 'PUT', path, { schema: order });
    expect(await send(edge, 'DELETE', path)).toMatchObject({ status: 200, body: { registered: false } });
    expect((await send(edge, 'DELETE', path)).status).toBe(404);
    expect((await send(edge, 'POST', '/api/logs', event({ total: 1 }))).status).toBe(400);
    const again = await send(edge, 'PUT', path, { schema: order });
    expect(again).toMatchObject({ status: 201, body: { revision: 3, versions: [{ version: 2 }] } });
    expect(edge.noted.map(({ action }) => action)).toEqual(['type.put', 'type.deleted', 'type.put']);
  });

  test('of a type of ACTIVITY_TYPES takes away what the catalogue has of it', async () => {
    const edge = testEdge();
    expect((await send(edge, 'DELETE', '/api/types/LOGIN')).status).toBe(409);
    await send(edge, 'PUT', '/api/types/LOGIN', { schema: order });
    expect((await send(edge, 'POST', '/api/logs', event({}, 'LOGIN'))).status).toBe(422);
    expect(await send(edge, 'DELETE', '/api/types/LOGIN')).toMatchObject({
      status: 200,
      body: { registered: true },
    });
    expect((await send(edge, 'POST', '/api/logs', event({}, 'LOGIN'))).status).toBe(201);
  });
});

describe('an event', () => {
  test('of a type of ACTIVITY_TYPES alone is written as ever', async () => {
    const edge = testEdge();
    await send(edge, 'POST', '/api/logs', event({ a: 1 }, 'LOGIN'));
    expect(Object.keys(writtenBy(edge)[0] ?? {})).toEqual([
      'eventId',
      'userId',
      'activityType',
      'metadata',
      'timestamp',
      'receivedAt',
      'timestampGiven',
    ]);
  });

  test('in the mode strict is 422 with the paths where the schema refuses it', async () => {
    const edge = testEdge();
    await send(edge, 'PUT', path, { schema: order });
    const refused = await send(edge, 'POST', '/api/logs', event({ total: -1, extra: 1 }));
    expect(refused).toMatchObject({
      status: 422,
      body: {
        error: 'Metadata refused by the schema of the type',
        details: [
          { field: 'metadata.extra', message: 'is not a field of this type' },
          { field: 'metadata.total', message: 'must be >= 0' },
        ],
      },
    });
    expect((await send(edge, 'POST', '/api/logs', event({ total: 1 }))).status).toBe(201);
    expect(writtenBy(edge)).toMatchObject([{ metadata: { total: 1 }, typeVersion: 1 }]);
    expect(await edge.registry.metrics()).toContain(
      'activity_ingest_events_refused_total{reason="schema"} 1',
    );
  });

  test('that is wrong in other ways is 400', async () => {
    const edge = testEdge();
    await send(edge, 'PUT', path, { schema: order });
    const refused = await send(edge, 'POST', '/api/logs', { ...event({ total: -1 }), userId: '' });
    expect(refused.status).toBe(400);
  });

  test('is judged with the fields that were moved into its metadata', async () => {
    const edge = testEdge();
    await send(edge, 'PUT', path, { schema: order });
    const moved = await send(edge, 'POST', '/api/logs', { ...event({}), total: 5 });
    expect(moved.status).toBe(201);
    expect((await send(edge, 'POST', '/api/logs', { ...event({ total: 5 }), extra: 5 })).status).toBe(422);
  });

  test('in the mode warn is written, marked and counted; in off, nothing is looked at', async () => {
    const edge = testEdge();
    await send(edge, 'PUT', path, { schema: order, mode: 'warn' });
    await send(edge, 'POST', '/api/logs', event({ total: '1' }));
    await send(edge, 'PUT', path, { mode: 'off' });
    await send(edge, 'POST', '/api/logs', event({ total: '1' }));
    const [warned, free] = writtenBy(edge);
    expect(warned).toMatchObject({ typeVersion: 1, violations: ['metadata.total: must be number'] });
    expect(free).not.toHaveProperty('violations');
    expect(await edge.registry.metrics()).toContain('activity_ingest_schema_violations_total 1');
  });

  test('has five violations at most', async () => {
    const edge = testEdge();
    await send(edge, 'PUT', path, { schema: order, mode: 'warn' });
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`f${i}`, i]));
    await send(edge, 'POST', '/api/logs', event(many));
    expect(writtenBy(edge)[0]?.['violations']).toHaveLength(5);
  });

  test('in a batch has a verdict of its own', async () => {
    const edge = testEdge();
    await send(edge, 'PUT', path, { schema: order });
    const batch = [event({ total: 1 }), event({}), event({}, 'NOPE'), event({}, 'LOGIN')];
    const judged = await send(edge, 'POST', '/api/logs/batch', batch);
    expect(judged).toMatchObject({
      status: 207,
      body: {
        accepted: 2,
        results: [{ status: 201 }, { status: 422 }, { status: 400 }, { status: 201 }],
      },
    });
    expect((await send(edge, 'POST', '/api/logs/batch', [event({}), event({})])).status).toBe(422);
    expect((await send(edge, 'POST', '/api/logs/batch', [event({}), event({}, 'NOPE')])).status).toBe(400);
  });

  test('of a type that is not registered is 400 with the types, or taken where that is set', async () => {
    const refused = await send(testEdge(), 'POST', '/api/logs', event({}, 'NOPE'));
    expect(refused.status).toBe(400);
    expect(refused.body['details']).toEqual([
      {
        field: 'activityType',
        message: expect.stringContaining('is not registered: it must be one of LOGIN, LOGOUT') as string,
      },
    ]);
    const edge = testEdge({ unknown: 'take' });
    expect((await send(edge, 'POST', '/api/logs', event({}, 'NOPE'))).status).toBe(201);
    expect(writtenBy(edge)).toMatchObject([{ activityType: 'NOPE', typeVersion: 0 }]);
    expect((await send(edge, 'POST', '/api/logs', event({}, 'a\nb'))).status).toBe(400);
  });

  test('of types that are not registered: as many types as counts can hold', async () => {
    const edge = testEdge({ unknown: 'take' });
    for (let i = 0; i < 500; i++) await send(edge, 'POST', '/api/logs', event({}, `T${i}`));
    expect(edge.written).toHaveLength(500);
    const refused = await send(edge, 'POST', '/api/logs', event({}, 'T500'));
    expect(refused.status).toBe(400);
    expect((await send(edge, 'POST', '/api/logs', event({}, 'T7'))).status).toBe(201);
  });

  test('of a type that is not known is 503 until the catalogue has been read', async () => {
    const edge = testEdge();
    edge.typesRead = false;
    expect((await send(edge, 'POST', '/api/logs', event({}))).status).toBe(503);
    expect((await send(edge, 'POST', '/api/logs', event({}, 'LOGIN'))).status).toBe(201);
    const batch = await send(edge, 'POST', '/api/logs/batch', [event({}), event({}, 'LOGIN')]);
    expect(batch).toMatchObject({ status: 207, body: { results: [{ status: 503 }, { status: 201 }] } });
  });
});
