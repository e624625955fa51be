// Reads of a store go to the threads that there are when it is read.
import { expect, test } from 'vitest';
import { readableStore } from './readable-store.ts';
import type { ThreadHandle } from './thread-handle.ts';

function threadWith(value: string): ThreadHandle {
  return {
    start: () => {},
    figures: () => Promise.reject(new Error('has none')),
    setPaused: () => {},
    query: async () => [{ key: 'k', value, timestamp: 0, windowStart: 0 }],
    close: async () => {},
  };
}

test('a store that was asked for before a thread was replaced reads from the other', async () => {
  let threads: ThreadHandle[] = [];
  const store = readableStore<string, string>('counts', () => threads);
  expect(await store.get('k')).toBeUndefined();
  threads = [threadWith('first')];
  expect(await store.get('k')).toBe('first');
  threads = [threadWith('another')];
  expect(await store.get('k')).toBe('another');
});
