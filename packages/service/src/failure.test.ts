import { describe, expect, test } from 'vitest';
import { FailureError, failureOf, failureResponse } from './failure.ts';
import type { Failure } from './failure.ts';

const cases: [Failure, number, unknown][] = [
  [
    { kind: 'validation', details: [{ field: 'userId', message: 'must not be empty' }] },
    400,
    { error: 'Validation failed', details: [{ field: 'userId', message: 'must not be empty' }] },
  ],
  [{ kind: 'unauthorized' }, 401, { error: 'Unauthorized', message: expect.stringContaining('Bearer') }],
  [{ kind: 'forbidden', message: 'm' }, 403, { error: 'Forbidden', message: 'm' }],
  [
    { kind: 'too-many-requests', retryAfterSeconds: 2 },
    429,
    { error: 'Too many requests', message: 'come back in 2 s' },
  ],
  [{ kind: 'not-found', what: 'Activity log' }, 404, { error: 'Activity log not found' }],
  [{ kind: 'method-not-allowed', allow: 'GET' }, 405, { error: 'Method not allowed' }],
  [{ kind: 'too-large', message: 'm' }, 413, { error: 'Payload too large', message: 'm' }],
  [{ kind: 'unsupported-media-type', message: 'm' }, 415, { error: 'Unsupported media type', message: 'm' }],
  [
    { kind: 'unavailable', message: 'm', retryAfterSeconds: 3, extra: { eventId: 'e' } },
    503,
    { error: 'Service unavailable', message: 'm', eventId: 'e' },
  ],
  [{ kind: 'internal', message: 'm' }, 500, { error: 'Internal server error', message: 'm' }],
];

describe('failureResponse', () => {
  test.each(cases)('%o is answered with %i', async (failure, status, body) => {
    const response = failureResponse(failure);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await response.json()).toEqual(body);
  });

  test('says when to come back', () => {
    const response = failureResponse({ kind: 'unavailable', message: 'm', retryAfterSeconds: 3 });
    expect(response.headers.get('retry-after')).toBe('3');
  });
});

describe('failureOf', () => {
  test('knows a failure that was thrown', () => {
    expect(failureOf(new FailureError({ kind: 'not-found', what: 'User' }))).toEqual({
      kind: 'not-found',
      what: 'User',
    });
  });

  test('shows nothing of what else was thrown', () => {
    expect(JSON.stringify(failureOf(new Error('password is hunter2')))).not.toContain('hunter2');
  });
});
