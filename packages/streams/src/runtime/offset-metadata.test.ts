// The event time in an offset's metadata, and what others may have written there.
import { expect, test } from 'vitest';
import { readOffsetMetadata, writeOffsetMetadata } from './offset-metadata.ts';

test.each([-1, 0, 1, 1_795_000_000_000, Number.MAX_SAFE_INTEGER])('%d comes back', (time) => {
  expect(readOffsetMetadata(writeOffsetMetadata(time))).toBe(time);
});

test('no time is written as nothing', () => {
  expect(writeOffsetMetadata(-1)).toBe('');
});

test.each(['', 'AgAAAZqd', 't=', 't=-5', 't=1.5', 't=12 ', 'x t=12'])(
  '%j of another tool is no time',
  (text) => {
    expect(readOffsetMetadata(text)).toBe(-1);
  },
);
