import { expect, test } from 'vitest';
import { segmentTime } from './event-time.ts';

const receivedAt = Date.parse('2026-01-02T03:00:00.000Z');

test.each([
  // The clock is right, or nearly: what the client says stays.
  ['2026-01-02T02:59:00.123Z', '2026-01-02T02:59:59.900Z', '2026-01-02T02:59:00.123Z'],
  ['2026-01-02T02:59:00Z', '2026-01-02T03:00:05Z', '2026-01-02T02:59:00Z'],
  // The request was on its way for as long as the edge lets it be; and longer, which only a clock explains.
  ['2026-01-02T02:59:00Z', '2026-01-02T02:59:30Z', '2026-01-02T02:59:00Z'],
  ['2026-01-02T02:59:00Z', '2026-01-02T02:59:29Z', Date.parse('2026-01-02T02:59:31Z')],
  ['2026-01-02T02:59:00Z', '2026-01-02T03:00:06Z', Date.parse('2026-01-02T02:58:54Z')],
  // An hour ahead, three days behind, never set.
  ['2026-01-02T03:59:00Z', '2026-01-02T04:00:00Z', Date.parse('2026-01-02T02:59:00Z')],
  ['2025-12-30T02:58:00.500Z', '2025-12-30T03:00:00.500Z', Date.parse('2026-01-02T02:58:00Z')],
  ['1970-01-01T00:00:10Z', '1970-01-01T00:01:10Z', Date.parse('2026-01-02T02:59:00Z')],
  // Every form that an event's time may have.
  ['2026-01-02T05:59+02:00', '2026-01-02T06:00:00+02:00', Date.parse('2026-01-02T02:59:00Z')],
  [Date.parse('2026-01-02T03:59:00Z'), '2026-01-02T04:00:00Z', Date.parse('2026-01-02T02:59:00Z')],
  // Nothing to correct by, or nothing to correct: the check of the event is to see it.
  ['2020-01-01T00:00:00Z', undefined, '2020-01-01T00:00:00Z'],
  ['2020-01-01T00:00:00Z', 'yesterday', '2020-01-01T00:00:00Z'],
  ['yesterday', '2026-01-02T04:00:00Z', 'yesterday'],
  ['2026-01-02 03:00', '2026-01-02T04:00:00Z', '2026-01-02 03:00'],
  [{}, '2026-01-02T04:00:00Z', {}],
  [undefined, '2026-01-02T04:00:00Z', undefined],
  [null, '2026-01-02T04:00:00Z', undefined],
])('%j, sent at %j', (timestamp, sentAt, expected) => {
  const corrected = typeof expected === 'number';
  expect(segmentTime(timestamp, sentAt, receivedAt)).toEqual({ timestamp: expected, corrected });
});
