// Registered types and the calls of Segment's API.
import { expect, test } from 'vitest';
import { testEdge } from '../app.fixture.ts';

const schema = {
  type: 'object',
  properties: { total: { type: 'number' } },
  required: ['total'],
  additionalProperties: false,
};

test('the schema of a type judges the properties of a call, and not what its context adds', async () => {
  const edge = testEdge();
  async function send(method: string, path: string, body: unknown): Promise<Response> {
    const headers = { 'content-type': 'application/json' };
    return edge.app.request(path, { method, headers, body: JSON.stringify(body) });
  }
  expect((await send('PUT', '/api/types/Order%20Completed', { schema })).status).toBe(201);
  const track = {
    userId: 'ada',
    event: 'Order Completed',
    context: { ip: '203.0.113.7', library: { name: 'analytics.js' }, page: { path: '/checkout' } },
    anonymousId: 'anonymous',
  };
  expect((await send('POST', '/v1/track', { ...track, properties: { total: 5 } })).status).toBe(200);
  expect((await send('POST', '/v1/track', { ...track, properties: { total: 5, path: 1 } })).status).toBe(200);
  expect((await send('POST', '/v1/track', track)).status).toBe(200);
  const [good, ...wrong] = edge.written.map(({ value }) => JSON.parse(value) as Record<string, unknown>);
  expect(good).toMatchObject({
    activityType: 'Order Completed',
    typeVersion: 1,
    metadata: { total: 5, ip: '203.0.113.7', path: '/checkout' },
  });
  // These are written for the dead letters, with their reasons.
  expect(wrong.map((item) => JSON.stringify(item))).toEqual([
    expect.stringContaining('metadata.path: is not a field of this type'),
    expect.stringContaining('metadata.total: is missing'),
  ]);
});
