import { expect, test } from 'vitest';
import { segmentEvent } from './segment-event.ts';
import type { SegmentRequest } from './segment-event.ts';

const receivedAt = Date.parse('2026-01-02T03:00:00.000Z');

function mapped(item: unknown, request: Partial<SegmentRequest> = {}): unknown {
  const found = segmentEvent(item, { receivedAt, ...request });
  return found.ok ? found.body : `${found.field}: ${found.message}`;
}

test.each([
  ['track', { event: ' Order Completed ' }, 'Order Completed'],
  ['identify', {}, 'IDENTIFY'],
  ['page', {}, 'PAGE_VIEW'],
  ['screen', {}, 'SCREEN'],
  ['group', {}, 'GROUP'],
  ['alias', {}, 'ALIAS'],
])('%s', (type, more, activityType) => {
  const expected = { userId: 'u', activityType, metadata: {}, eventId: 'm', timestamp: undefined };
  expect(mapped({ type, userId: 'u', messageId: 'm', ...more })).toEqual(expected);
});

test('the path says which call it is, whatever the body says', () => {
  expect(mapped({ userId: 'u', type: 'track' }, { call: 'page' })).toMatchObject({
    activityType: 'PAGE_VIEW',
  });
});

test.each([
  [
    { userId: 'u', anonymousId: 'a' },
    { userId: 'u', metadata: { anonymousId: 'a' } },
  ],
  [
    { userId: null, anonymousId: 'a' },
    { userId: 'a', metadata: { anonymousId: 'a' } },
  ],
  [{ userId: '', anonymousId: 'a' }, { userId: 'a' }],
  [
    { userId: 42, messageId: 43 },
    { userId: '42', eventId: '43' },
  ],
  [{ userId: 'u', messageId: null }, { eventId: undefined }],
  // Checked with the event.
  [{ userId: { id: 1 }, anonymousId: 'a' }, { userId: { id: 1 } }],
  [{ userId: 'u', originalTimestamp: '2026-01-01T00:00:00Z' }, { timestamp: '2026-01-01T00:00:00Z' }],
  [
    { userId: 'u', timestamp: '2025-01-01T00:00:00Z', originalTimestamp: '2026-01-01T00:00:00Z' },
    { timestamp: '2025-01-01T00:00:00Z' },
  ],
])('%j', (item, expected) => {
  expect(mapped({ type: 'page', ...item })).toMatchObject(expected);
});

test.each([
  [null, 'body: must be an object'],
  [['track'], 'body: must be an object'],
  [{ userId: 'u' }, 'type: must be one of track, identify, page, screen, group, alias'],
  [{ userId: 'u', type: 'toString' }, 'type: must be one of track, identify, page, screen, group, alias'],
  [{ userId: 'u', type: 'track' }, 'event: must be the name of what happened'],
  [{ userId: 'u', type: 'track', event: 7 }, 'event: must be the name of what happened'],
  [{ type: 'page', userId: ' ' }, 'userId: is missing, and so is anonymousId'],
])('%j is no event', (item, problem) => {
  expect(mapped(item)).toBe(problem);
});

test('a batch’s context is that of each of its calls, whose own wins', () => {
  const context = { ip: '203.0.113.7', locale: 'de' };
  expect(mapped({ type: 'page', userId: 'u', context: { locale: 'fr' } }, { context })).toMatchObject({
    metadata: { ip: '203.0.113.7', locale: 'fr' },
  });
  expect(mapped({ type: 'page', userId: 'u' }, { context })).toMatchObject({ metadata: context });
});

test('the time is corrected by the call’s own sentAt, else by the batch’s', () => {
  const call = { type: 'page', userId: 'u', timestamp: '2026-01-02T03:59:00Z' };
  const corrected = { timestamp: Date.parse('2026-01-02T02:59:00Z') };
  expect(mapped(call, { sentAt: '2026-01-02T04:00:00Z' })).toMatchObject(corrected);
  expect(mapped({ ...call, sentAt: '2026-01-02T04:00:00Z' }, { sentAt: 'x' })).toMatchObject(corrected);
  expect(segmentEvent(call, { receivedAt, sentAt: '2026-01-02T04:00:00Z' })).toMatchObject({
    corrected: true,
  });
  expect(segmentEvent(call, { receivedAt })).toMatchObject({ corrected: false });
});

test('a call that is sent again is the same event', () => {
  const call = {
    type: 'track',
    event: 'LOGIN',
    userId: 'u',
    messageId: 'm',
    timestamp: '2026-01-02T03:00:00Z',
  };
  const first = {
    ...call,
    sentAt: '2026-01-02T03:00:00Z',
    _metadata: { nodeVersion: '26' },
    integrations: {},
  };
  const again = { ...call, sentAt: '2026-01-02T03:00:04Z', _metadata: { retryCount: 2 }, writeKey: 'k' };
  expect(mapped(again)).toEqual(mapped(first));
});
