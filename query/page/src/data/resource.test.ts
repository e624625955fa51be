import { describe, expect, test } from 'vitest';
import { ApiError } from './api.ts';
import { reduceResource, retryDelay, unknown } from './resource.ts';
import type { Resource, ResourceEvent } from './resource.ts';

function after(...events: ResourceEvent<number>[]): Resource<number> {
  return events.reduce<Resource<number>>(reduceResource, unknown<number>());
}

const away = new ApiError('unavailable', 'the database is away', 3_000);
const asked = { type: 'asked', path: '/a?x=1' } as const;
const answered = { type: 'answered', path: '/a?x=1', data: 1 } as const;
const failed = { type: 'failed', path: '/a?x=1', error: away } as const;

describe('a resource', () => {
  test('has nothing, then what was answered', () => {
    expect(after(asked)).toMatchObject({ data: undefined, error: undefined });
    expect(after(asked, answered)).toMatchObject({ data: 1, error: undefined, failures: 0 });
  });

  test('keeps its data while it cannot be had, and counts the attempts', () => {
    expect(after(asked, answered, failed, failed)).toMatchObject({ data: 1, error: away, failures: 2 });
    expect(after(asked, answered, failed, answered)).toMatchObject({
      data: 1,
      error: undefined,
      failures: 0,
    });
  });

  test.each(['forbidden', 'not-found', 'invalid', 'unauthorized'] as const)(
    'loses its data when the answer is %s',
    (kind) => {
      const error = new ApiError(kind, '');
      expect(after(asked, answered, { ...failed, error })).toMatchObject({ data: undefined, error });
    },
  );

  test('shows another range of the same thing until the new one is there', () => {
    const other = { type: 'asked', path: '/a?x=2' } as const;
    expect(after(asked, answered, other)).toMatchObject({ data: 1, changing: true });
    expect(after(asked, answered, other, { type: 'answered', path: '/a?x=2', data: 2 })).toMatchObject({
      data: 2,
      changing: false,
    });
    // What cannot be had is not what was asked for before.
    expect(after(asked, answered, other, { ...failed, path: '/a?x=2' })).toMatchObject({
      data: undefined,
      error: away,
    });
  });

  test('never shows another thing', () => {
    expect(after(asked, answered, { type: 'asked', path: '/b?x=1' })).toMatchObject({ data: undefined });
  });

  test('ignores answers that come too late', () => {
    expect(after(asked, { type: 'asked', path: '/b' }, answered)).toMatchObject({
      path: '/b',
      data: undefined,
    });
    expect(after(asked, { type: 'asked', path: '/b' }, failed)).toMatchObject({ error: undefined });
  });
});

test('attempts grow apart, and come no sooner than the service wants', () => {
  expect([1, 2, 3, 10].map((failures) => retryDelay(failures, undefined))).toEqual([
    1_000, 2_000, 4_000, 10_000,
  ]);
  expect(retryDelay(1, away)).toBe(3_000);
});
