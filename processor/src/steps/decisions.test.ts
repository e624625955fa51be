import type { KeyValueStore, ProcessorContext } from '@activity/streams';
import { expect, test } from 'vitest';
import { decisionsOf } from './decisions.ts';

const day = 86_400_000;
const block = 4_096;

/** The part of a store that decisions use. */
function storeOf(
  entries: Map<string, { value: Buffer; timestamp: number }>,
): ProcessorContext<string, never> {
  const store: Pick<KeyValueStore<string, Buffer>, 'get' | 'getTimestamped' | 'put' | 'delete' | 'all'> = {
    get: (key) => entries.get(key)?.value,
    getTimestamped: (key) => entries.get(key),
    put: (key, value, timestamp) => void entries.set(key, { value, timestamp }),
    delete: (key) => void entries.delete(key),
    all: () => [...entries].map(([key, { value }]) => [key, value]),
  };
  return { keyValueStore: () => store } as unknown as ProcessorContext<string, never>;
}

test('blocks of raw records that are long gone are deleted as new ones are begun; the others stay', () => {
  const entries = new Map<string, { value: Buffer; timestamp: number }>();
  const decisions = decisionsOf(storeOf(entries));
  const start = Date.parse('2026-01-01');
  // Offsets without duplicates lie between the blocks.
  for (const [number, days] of [
    [0, 0],
    [1, 1],
    [90, 30],
    [91, 59],
    [92, 61.5],
  ] as const)
    decisions.note(number * block, 'duplicate', start + days * day);
  expect([...entries.keys()].filter((key) => key !== 'oldest')).toEqual(['90', '91', '92']);
  decisions.note(93 * block, 'conflicting', start + 95 * day);
  expect([...entries.keys()].filter((key) => key !== 'oldest')).toEqual(['91', '92', '93']);
  expect(decisions.recall(91 * block)).toBe('duplicate');
  expect(decisions.recall(93 * block)).toBe('conflicting');
  expect(decisions.recall(90 * block)).toBeUndefined();
});

test('state of before, which does not say where it begins, is found', () => {
  const entries = new Map([
    ['7', { value: Buffer.alloc(1_024), timestamp: 0 }],
    ['12', { value: Buffer.alloc(1_024), timestamp: 61 * day }],
  ]);
  decisionsOf(storeOf(entries)).note(13 * block, 'duplicate', 70 * day);
  expect([...entries.keys()].toSorted()).toEqual(['12', '13', 'oldest']);
});
