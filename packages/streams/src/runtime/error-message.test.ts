// Errors keep class, code, task, cause and stack over a message between threads.
import { expect, test } from 'vitest';
import { FatalError, RetriableError } from '../api/errors.ts';
import { readError, writeError } from './error-message.ts';

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

test('what is no error becomes one', () => {
  expect(readError(writeError('thrown text')).message).toBe('thrown text');
});
