import { expect, test } from 'vitest';
import { untilDone } from './until-done.ts';

function failing(times: number): () => Promise<string> {
  let tries = 0;
  return () => (tries++ < times ? Promise.reject(new Error(`try ${tries}`)) : Promise.resolve('done'));
}

test('retries until the step succeeds, and reports each failure', async () => {
  const failures: string[] = [];
  const onFailure = (error: unknown, attempt: number): void => {
    failures.push(`${attempt} ${String(error)}`);
  };
  expect(await untilDone(failing(3), { maxPauseMs: 1, onFailure })).toBe('done');
  expect(failures).toEqual(['0 Error: try 1', '1 Error: try 2', '2 Error: try 3']);
});

test('throws the last error once the time is over', async () => {
  await expect(untilDone(failing(9), { maxPauseMs: 10, withinMs: 5 })).rejects.toThrow('try 1');
  await expect(untilDone(failing(9), { maxPauseMs: 20, withinMs: 50 })).rejects.toThrow(/try [2-6]/);
});

test('ends with the signal, also in the middle of a pause', async () => {
  const abort = new AbortController();
  const waiting = untilDone(failing(9), { maxPauseMs: 60_000, signal: abort.signal });
  setTimeout(() => abort.abort(new Error('stopped')), 20);
  await expect(waiting).rejects.toThrow('stopped');
  await expect(untilDone(failing(0), { signal: abort.signal })).rejects.toThrow('stopped');
});

test('throws an error that does not pass at once', async () => {
  const retryIf = (error: unknown): boolean => !String(error).includes('try 2');
  await expect(untilDone(failing(9), { maxPauseMs: 1, retryIf })).rejects.toThrow('try 2');
});
