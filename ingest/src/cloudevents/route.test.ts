import { CloudEvent, HTTP, type Message } from 'cloudevents';
import { beforeEach, describe, expect, test } from 'vitest';
import { testEdge } from '../app.fixture.ts';
import type { TestEdge } from '../app.fixture.ts';

let edge: TestEdge;
beforeEach(() => {
  edge = testEdge();
});

const time = '2026-01-01T10:00:00.000Z';
const event = { specversion: '1.0', id: '17', source: '/shop', type: 'PAGE_VIEW', subject: 'alice', time };
const headersOf: Record<string, string> = Object.fromEntries(
  Object.entries(event).map(([name, value]) => [`ce-${name}`, value]),
);

async function post(
  headers: Record<string, string>,
  body: string | Uint8Array<ArrayBuffer>,
): Promise<Response> {
  return edge.app.request('/api/cloudevents', { method: 'POST', headers, body });
}

async function structured(value: unknown): Promise<Response> {
  return post({ 'content-type': 'application/cloudevents+json' }, JSON.stringify(value));
}

async function batch(value: unknown): Promise<Response> {
  return post({ 'content-type': 'application/cloudevents-batch+json' }, JSON.stringify(value));
}

async function send({ headers, body }: Message): Promise<Response> {
  return post(headers as Record<string, string>, body as string | Uint8Array<ArrayBuffer>);
}

function written(): Record<string, unknown>[] {
  return edge.written.map(({ value }) => JSON.parse(value) as Record<string, unknown>);
}

async function problemsOf(response: Response): Promise<string[]> {
  expect(response.status).toBe(400);
  const { details } = (await response.json()) as { details: { field: string; message: string }[] };
  return details.map(({ field, message }) => `${field}: ${message}`);
}

const sent = new CloudEvent({
  ...event,
  dataschema: 'https://shop.example/schemas/page-view.json',
  datacontenttype: 'application/json',
  data: { path: '/pricing', userAgent: 'Mozilla/5.0' },
  comexampleshard: 3,
});
const stored = {
  eventId: '/shop#17',
  userId: 'alice',
  activityType: 'PAGE_VIEW',
  timestamp: time,
  metadata: {
    path: '/pricing',
    userAgent: 'Mozilla/5.0',
    cloudevent: {
      id: '17',
      source: '/shop',
      dataschema: 'https://shop.example/schemas/page-view.json',
      datacontenttype: 'application/json',
    },
  },
};

test('the binary mode of the cloudevents package', async () => {
  const response = await send(HTTP.binary(sent));
  expect(response.status).toBe(201);
  expect(await response.json()).toMatchObject({ success: true, eventId: '/shop#17' });
  // Headers have no types.
  expect(written()).toMatchObject([stored]);
  expect(written()).toMatchObject([{ metadata: { cloudevent: { comexampleshard: '3' } } }]);
});

test('the structured mode of the cloudevents package', async () => {
  const response = await send(HTTP.structured(sent));
  expect(response.status).toBe(201);
  expect(written()).toMatchObject([stored]);
  expect(written()).toMatchObject([{ metadata: { cloudevent: { comexampleshard: 3 } } }]);
});

test('a batch has a verdict for each', async () => {
  const response = await batch([sent, { ...event, id: '18', specversion: '0.3' }, { ...event, id: '19' }]);
  expect(response.status).toBe(207);
  expect(await response.json()).toEqual({
    accepted: 2,
    refused: 1,
    results: [
      { index: 0, status: 201, eventId: '/shop#17' },
      {
        index: 1,
        status: 400,
        error: 'Validation failed',
        details: [{ field: 'specversion', message: '0.3 is not supported: it must be "1.0"' }],
      },
      { index: 2, status: 201, eventId: '/shop#19' },
    ],
  });
  expect(written()).toMatchObject([stored, { eventId: '/shop#19' }]);
});

test('header values are percent-encoded, and content types may have a charset', async () => {
  const headers = { ...headersOf, 'ce-subject': 'J%C3%BCrgen%20M%C3%BCller', 'ce-id': '100%25' };
  const response = await post({ ...headers, 'content-type': 'application/json; charset=utf-8' }, '{"a":1}');
  expect(response.status).toBe(201);
  expect(written()).toMatchObject([{ userId: 'Jürgen Müller', eventId: '/shop#100%', metadata: { a: 1 } }]);
});

test('the user is the subject, else userId in the data', async () => {
  const { subject: _, ...anonymous } = event;
  expect((await structured({ ...anonymous, data: { userId: 'bob', n: 1 } })).status).toBe(201);
  expect((await structured({ ...event, data: { userId: 'bob' } })).status).toBe(201);
  expect(written().map(({ userId }) => userId)).toEqual(['bob', 'alice']);
  for (const data of [undefined, { n: 1 }, 'bob', ['bob']]) {
    expect(await problemsOf(await structured({ ...anonymous, data }))).toEqual([
      'subject: is missing: an event is of a user, who is its subject, or the userId in its data',
    ]);
  }
  expect(await problemsOf(await structured({ ...anonymous, data: { userId: '' } }))).toEqual([
    'data.userId: must not be empty',
  ]);
});

describe('data', () => {
  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['none', {}, {}],
    ['null', { data: null }, { data: null }],
    ['a text', { data: 'hello', datacontenttype: 'text/plain' }, { data: 'hello' }],
    ['an array', { data: [1, 2] }, { data: [1, 2] }],
    [
      'an object with a field of the name that attributes are kept under',
      { data: { cloudevent: 1, a: 2 } },
      { data: { cloudevent: 1, a: 2 } },
    ],
    ['bytes without a media type', { data_base64: 'AAEC/w==' }, { data_base64: 'AAEC/w==' }],
    [
      'bytes of a media type that is no text',
      { data_base64: 'AAEC/w==', datacontenttype: 'image/png' },
      { data_base64: 'AAEC/w==' },
    ],
    ['bytes that are JSON', { data_base64: 'eyJhIjoxfQ==', datacontenttype: 'application/json' }, { a: 1 }],
    ['bytes that are text', { data_base64: 'w6k=', datacontenttype: 'text/plain' }, { data: 'é' }],
  ])('%s', async (_, more, metadata) => {
    const response = await structured({ ...event, ...more });
    expect(response.status).toBe(201);
    const [{ metadata: found }] = written() as [{ metadata: Record<string, unknown> }];
    const { cloudevent, ...rest } = found;
    expect(rest).toEqual(metadata);
    expect(cloudevent).toMatchObject({ id: '17', source: '/shop' });
  });

  test.each<[string, string, string | Uint8Array<ArrayBuffer>, Record<string, unknown>]>([
    ['JSON', 'application/vnd.shop+json', '{"a":1}', { a: 1 }],
    ['text', 'text/csv', 'a,b', { data: 'a,b' }],
    ['bytes', 'application/octet-stream', new Uint8Array([0, 255]), { data_base64: 'AP8=' }],
    ['text that is no UTF-8', 'text/plain', new Uint8Array([0xff]), { data_base64: '/w==' }],
    ['none', 'application/json', '', {}],
  ])('%s in the binary mode', async (_, contentType, body, metadata) => {
    const response = await post({ ...headersOf, 'content-type': contentType }, body);
    expect(response.status).toBe(201);
    expect(written()).toMatchObject([{ metadata }]);
    expect(written()).toMatchObject([{ metadata: { cloudevent: { datacontenttype: contentType } } }]);
  });
});

describe('is refused with its reason', () => {
  test.each<[string, Record<string, unknown>, string[]]>([
    ['another version', { specversion: '0.3' }, ['specversion: 0.3 is not supported: it must be "1.0"']],
    ['no version', { specversion: undefined }, ['specversion: is missing: it must be "1.0"']],
    ['no id', { id: undefined }, ['id: must be there and not empty']],
    ['an empty source', { source: '' }, ['source: must be there and not empty']],
    ['a number for an id', { id: 17 }, ['id: must be a text']],
    ['an empty subject', { subject: '' }, ['subject: must not be empty']],
    [
      'a name that is none',
      { Shard_No: '1' },
      ['Shard_No: names of attributes must be lower-case letters and digits'],
    ],
    ['an object as an attribute', { shard: {} }, ['shard: must be a text, an integer, true or false']],
    ['a fraction as an attribute', { shard: 1.5 }, ['shard: must be an integer, or a text']],
    [
      'a time that is none',
      { time: 'yesterday' },
      ['time: must be an ISO-8601 date and time with an offset, or epoch milliseconds'],
    ],
    [
      'data twice',
      { data: 1, data_base64: 'AAAA' },
      ['data_base64: must not be there beside data: send one of the two'],
    ],
    ['base64 that is none', { data_base64: 'A' }, ['data_base64: must be base64']],
    [
      'JSON that is none',
      { data_base64: 'AAAA', datacontenttype: 'application/json' },
      ['data: is application/json by its content type: must be valid JSON'],
    ],
    ['what cannot be stored', { data: { $set: 1 } }, ['data.$set: field names must not start with $']],
  ])('%s', async (_, change, problems) => {
    expect(await problemsOf(await structured({ ...event, ...change }))).toEqual(problems);
    expect(edge.written).toEqual([]);
  });

  test('a type that is not known', async () => {
    const [problem] = await problemsOf(await structured({ ...event, type: 'com.example.unknown' }));
    expect(problem).toMatch(/^type: /);
  });

  test('a header that is not encoded as it must be', async () => {
    const response = await post({ ...headersOf, 'ce-subject': '50%' }, '{}');
    expect(await problemsOf(response)).toEqual(['subject: must be percent-encoded UTF-8 in its header']);
  });

  test('a request without any attribute', async () => {
    const [problem] = await problemsOf(await post({ 'content-type': 'application/json' }, '{}'));
    expect(problem).toContain('send the attributes as ce-… headers');
  });

  test('no object', async () => {
    expect(await problemsOf(await structured([]))).toEqual(['body: must be a CloudEvent: a JSON object']);
  });

  test('a batch of which each is wrong', async () => {
    expect(await problemsOf(await batch([{}]))).toEqual([
      '0.specversion: is missing: it must be "1.0"',
      '0.id: must be there and not empty',
      '0.source: must be there and not empty',
      '0.type: must be there and not empty',
    ]);
    expect(await problemsOf(await batch([]))).toEqual(['body: must hold at least one event']);
  });

  test('a format that is not taken', async () => {
    const response = await post({ 'content-type': 'application/cloudevents+avro' }, 'x');
    expect(response.status).toBe(415);
  });

  test('too many bytes', async () => {
    edge = testEdge({ maxEventBytes: 1_000 });
    expect((await structured({ ...event, data: 'x'.repeat(1_000) })).status).toBe(413);
    // As base64 they are more.
    const body = new Uint8Array(999).fill(1);
    const response = await post({ ...headersOf, 'content-type': 'application/octet-stream' }, body);
    expect(response.status).toBe(413);
    expect(edge.written).toEqual([]);
  });
});

test('where the broker does not answer, the event may be sent again with the same id', async () => {
  edge.result = { kind: 'unavailable', reason: 'deadline' };
  const response = await structured(event);
  expect(response.status).toBe(503);
  expect(response.headers.get('retry-after')).toBe('1');
  expect(await response.json()).toMatchObject({ eventId: '/shop#17' });
});

describe('a registered type', () => {
  const type = 'com.example.order.completed';
  const schema = {
    type: 'object',
    properties: { total: { type: 'number' } },
    required: ['total'],
    additionalProperties: false,
  };

  beforeEach(async () => {
    const made = await edge.app.request(`/api/types/${type}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ schema }),
    });
    if (made.status !== 201) throw new Error(await made.text());
  });

  test('its schema judges the data, and not the attributes beside it', async () => {
    expect((await structured({ ...event, type, data: { total: 5 } })).status).toBe(201);
    expect(written()).toMatchObject([
      { activityType: type, typeVersion: 1, metadata: { total: 5, cloudevent: { source: '/shop' } } },
    ]);
  });

  test('what it refuses is 422 in the words of CloudEvents', async () => {
    const wrong = { ...event, type, data: { total: '5', coupon: 1 } };
    const refused = await structured(wrong);
    expect(refused.status).toBe(422);
    expect(await refused.json()).toMatchObject({
      details: [
        { field: 'data.coupon', message: 'is not a field of this type' },
        { field: 'data.total', message: 'must be number' },
      ],
    });
    const some = await batch([{ ...event, type, data: { total: 1 } }, wrong, { ...event, type }]);
    expect(some.status).toBe(207);
    expect(await some.json()).toMatchObject({
      results: [{ status: 201 }, { status: 422 }, { status: 422, details: [{ field: 'data.total' }] }],
    });
  });
});
