import { beforeEach, describe, expect, test } from 'vitest';
import { testEdge } from '../app.fixture.ts';
import type { TestEdge } from '../app.fixture.ts';
import type { WriteResult } from '../kafka/partition-lane.ts';

let edge: TestEdge;
beforeEach(() => {
  edge = testEdge();
});

const ndjson = { 'content-type': 'application/x-ndjson' };
const event = { userId: 'u', activityType: 'LOGIN' };

async function post(
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return edge.app.request('/api/logs/batch', { method: 'POST', body, headers });
}

function written(): unknown[] {
  return edge.written.map(({ value }): unknown => JSON.parse(value));
}

describe('POST /api/logs/batch', () => {
  test.each<[string, string, Record<string, string>]>([
    ['an array', JSON.stringify([{ ...event, eventId: 'a' }, event, { ...event, userId: 'v' }]), {}],
    [
      'NDJSON',
      `${JSON.stringify({ ...event, eventId: 'a' })}\r\n\n  \n${JSON.stringify(event)}\n{"userId":"v","activityType":"LOGIN"}`,
      ndjson,
    ],
  ])('takes %s, in order, with a verdict for each', async (_, body, headers) => {
    const response = await post(body, headers);
    expect(response.status).toBe(207);
    expect(await response.json()).toEqual({
      accepted: 3,
      refused: 0,
      results: [
        { index: 0, status: 201, eventId: 'a' },
        { index: 1, status: 201, eventId: 'made-id' },
        { index: 2, status: 201, eventId: 'made-id' },
      ],
    });
    expect(written()).toMatchObject([{ eventId: 'a' }, { userId: 'u' }, { userId: 'v' }]);
  });

  test('one bad event costs no other', async () => {
    const response = await post(
      [
        JSON.stringify(event),
        '{"userId":',
        '[]',
        JSON.stringify({ ...event, activityType: 'NOPE' }),
        '\xff',
        JSON.stringify(event),
      ].join('\n'),
      ndjson,
    );
    expect(response.status).toBe(207);
    const body: unknown = await response.json();
    expect(body).toMatchObject({ accepted: 2, refused: 4 });
    expect(body).toHaveProperty('results', [
      { index: 0, status: 201, eventId: 'made-id' },
      {
        index: 1,
        status: 400,
        error: 'Validation failed',
        details: [{ field: 'body', message: 'must be valid JSON' }],
      },
      expect.objectContaining({ index: 2, status: 400 }),
      expect.objectContaining({
        index: 3,
        status: 400,
        details: [expect.objectContaining({ field: 'activityType' })],
      }),
      expect.objectContaining({ index: 4, status: 400 }),
      { index: 5, status: 201, eventId: 'made-id' },
    ]);
  });

  test('an event that is too large is refused alone', async () => {
    const large = { ...event, eventId: 'large', metadata: { pad: 'x'.repeat(34_000) } };
    const response = await post(JSON.stringify([event, large]));
    expect(await response.json()).toMatchObject({
      accepted: 1,
      results: [{ status: 201 }, { status: 413, eventId: 'large', error: 'Payload too large' }],
    });
  });

  test('says which events the broker did not take, and when to come back', async () => {
    edge.result = ({ key }) =>
      String(key) === 'v'
        ? { kind: 'unavailable', reason: 'deadline' }
        : { kind: 'written', partition: 0, offset: 1 };
    const response = await post(JSON.stringify([event, { ...event, userId: 'v', eventId: 'again' }]));
    expect(response.status).toBe(207);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await response.json()).toMatchObject({
      accepted: 1,
      refused: 1,
      results: [{ status: 201 }, { status: 503, eventId: 'again' }],
    });
  });

  const unavailable: WriteResult = { kind: 'unavailable', reason: 'deadline' };
  const wrong = { userId: 'u' };
  const large = { ...event, metadata: { pad: 'x'.repeat(34_000) } };

  test.each<[string, unknown[], WriteResult, number, number[]]>([
    ['nothing was written, all may be sent again', [event, event], unavailable, 503, [503, 503]],
    ['some may be sent again, some are wrong', [wrong, event, large], unavailable, 503, [400, 503, 413]],
    ['all are wrong', [wrong, []], unavailable, 400, [400, 400]],
    ['all are wrong or too large', [wrong, large], unavailable, 400, [400, 413]],
    ['all are too large', [large, large], unavailable, 413, [413, 413]],
  ])('is an error where %s', async (_, events, result, status, verdicts) => {
    edge.result = result;
    const response = await post(JSON.stringify(events));
    expect(response.status).toBe(status);
    expect(response.headers.get('retry-after')).toBe(status === 503 ? '1' : null);
    const body: unknown = await response.json();
    expect(body).toMatchObject({ error: expect.any(String), accepted: 0, refused: events.length });
    expect(Array.isArray((body as { details?: unknown }).details)).toBe(status === 400);
    expect(body).toHaveProperty(
      'results',
      verdicts.map((verdict, index) => expect.objectContaining({ index, status: verdict })),
    );
  });

  test('names the fields of the events that are wrong in one list too', async () => {
    const response = await post(
      JSON.stringify([
        { ...event, userId: 1 },
        { ...event, user_id: 'u' },
      ]),
    );
    expect(await response.json()).toHaveProperty('details', [
      { field: '0.userId', message: expect.any(String) },
      { field: '1.user_id', message: 'is not a field of an event: write userId' },
    ]);
  });

  test('says for each event which fields it has put into the metadata', async () => {
    const response = await post(JSON.stringify([event, { ...event, properties: { plan: 'pro' } }]));
    expect(await response.json()).toMatchObject({
      accepted: 2,
      results: [
        { index: 0, status: 201, eventId: 'made-id' },
        { index: 1, status: 201, eventId: 'made-id', movedToMetadata: ['properties'] },
      ],
    });
    expect(written()).toMatchObject([{ metadata: {} }, { metadata: { properties: { plan: 'pro' } } }]);
  });

  test.each<[string, string]>([
    ['an element that is no JSON', '[{"userId":"u","activityType":"LOGIN"},{"userId":}]'],
    ['something after it', '[{"userId":"u","activityType":"LOGIN"}] x'],
    ['no comma', '[{"userId":"u","activityType":"LOGIN"} {}]'],
    ['a comma too many', '[{"userId":"u","activityType":"LOGIN"},]'],
    ['no end', '[{"userId":"u","activityType":"LOGIN"},{'],
    ['brackets that do not match', '[{"userId":"u","activityType":"LOGIN"},{"a":[1}]]'],
  ])('an array with %s is no batch: nothing of it is written', async (_, body) => {
    const response = await post(body);
    expect(response.status).toBe(400);
    expect(await response.json()).toHaveProperty('details', [
      { field: 'body', message: 'must be valid JSON' },
    ]);
    expect(edge.written).toEqual([]);
  });

  test('costs all its events of the limits, also more than a full bucket has', async () => {
    edge = testEdge({ perAddress: 4 });
    const body = JSON.stringify(Array.from({ length: 10 }, () => event));
    const first = await post(body);
    expect(first.status).toBe(207);
    expect(first.headers.get('ratelimit-remaining')).toBe('0');
    const second = await post(JSON.stringify([event]));
    expect(second.status).toBe(429);
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(edge.written).toHaveLength(10);
  });

  test.each<[string, string, Record<string, string>, number]>([
    ['no JSON', '[', {}, 400],
    ['an object', JSON.stringify(event), {}, 400],
    ['an empty array', '[]', {}, 400],
    ['only blank lines', '\n \n', ndjson, 400],
    ['nothing', '', ndjson, 400],
    ['1,001 events', JSON.stringify(Array.from({ length: 1_001 }, () => event)), {}, 413],
    ['1,001 lines', `${JSON.stringify(event)}\n`.repeat(1_001), ndjson, 413],
    ['more than 1 MB', JSON.stringify([{ ...event, metadata: { pad: 'x'.repeat(1_048_576) } }]), {}, 413],
  ])('refuses %s', async (_, body, headers, status) => {
    expect((await post(body, headers)).status).toBe(status);
    expect(edge.written).toEqual([]);
  });

  test('takes 1,000 events', async () => {
    const response = await post(`${JSON.stringify(event)}\n`.repeat(1_000), ndjson);
    expect(await response.json()).toMatchObject({ accepted: 1_000 });
  });
});
