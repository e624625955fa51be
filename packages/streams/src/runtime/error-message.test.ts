// Errors keep class, code, task, cause and stack over a message between threads.
import { describe, expect, test } from 'vitest';
import { FatalError, RetriableError } from '../api/errors.ts';
import { errorOf, readError, writeDetails, writeError } from './error-message.ts';

test.each([
  new FatalError('TOPIC_UNKNOWN', 'no topic', { taskId: '0_1', cause: new TypeError('what was wrong') }),
  new RetriableError('TIMED_OUT', 'too long'),
  new RangeError('of the language'),
])('$name', (error) => {
  const read = readError(structuredClone(writeError(error)));
  expect(read).toBeInstanceOf(error instanceof FatalError ? FatalError : Error);
  const { name, message, stack } = error;
  expect(read).toMatchObject({ name, message, stack });
  expect(Object.entries(read)).toEqual(expect.arrayContaining(Object.entries(error)));
  expect((read.cause as Error | undefined)?.message).toBe((error.cause as Error | undefined)?.message);
});

test('an error of a class inside is one of the class that is its remedy', () => {
  class RefusedError extends FatalError {}
  const read = readError(structuredClone(writeError(new RefusedError('RECORD_TOO_LARGE', 'too large'))));
  expect(read).toBeInstanceOf(FatalError);
  expect(read).toMatchObject({ name: 'FatalError', code: 'RECORD_TOO_LARGE', message: 'too large' });
});

test('what is no error becomes one', () => {
  expect(readError(writeError('thrown text')).message).toBe('thrown text');
});

describe('what was thrown', () => {
  test('with causes that are a circle has the first of them', () => {
    const first = new Error('first');
    first.cause = new Error('second', { cause: first });
    const sent = writeError(first);
    expect(sent.cause?.cause?.message).toBe('first');
    expect(JSON.stringify(sent).match(/second/g)?.length).toBeGreaterThan(1);
    expect(() => structuredClone(sent)).not.toThrowError();
  });

  const circle: { self?: unknown } = {};
  circle.self = circle;
  test.each([
    ['a BigInt', 12n, '12n'],
    ['a circle', circle, '[Circular'],
    ['an object without a prototype', Object.create(null), '[Object: null prototype] {}'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['nothing', undefined, 'undefined'],
  ])('as %s is a message too', (_what, thrown, text) => {
    expect(writeError(thrown).message).toContain(text);
    expect(errorOf(thrown).message).toContain(text);
    expect(writeError(new Error('outer', { cause: thrown })).message).toBe('outer');
  });
});

describe('details of a log line', () => {
  test('keep errors, with their causes', () => {
    const error = new FatalError('PROCESSING_FAILED', 'outer', { cause: new RangeError('inner') });
    expect(writeDetails({ error, offset: 5 })).toMatchObject({
      offset: 5,
      error: {
        name: 'FatalError',
        code: 'PROCESSING_FAILED',
        cause: { name: 'RangeError', message: 'inner' },
      },
    });
  });

  test.each([
    ['a BigInt', { offset: 12n }, '12'],
    [
      'a circle',
      () => {
        const details: { self?: unknown } = {};
        details.self = details;
        return details;
      },
      'Circular',
    ],
    ['a function', { toJSON: () => undefined }, 'toJSON'],
    [
      'a getter that throws',
      {
        get bad(): string {
          throw new Error('no');
        },
      },
      'Getter',
    ],
  ])('with %s are not lost', (_what, details, text) => {
    const written = writeDetails(typeof details === 'function' ? details() : details);
    expect(JSON.stringify(written)).toContain(text);
    expect(() => structuredClone(written)).not.toThrowError();
  });
});
