// The clocks in an offset's metadata, and what others may have written there.
import { expect, test } from 'vitest';
import { readOffsetMetadata, writeOffsetMetadata } from './offset-metadata.ts';

const times = [0, 1, 1_795_000_000_000, Number.MAX_SAFE_INTEGER];

test.each(times.flatMap((time) => [-1, ...times].map((arrival) => [time, arrival] as const)))(
  '%d and %d come back',
  (partitionTime, arrivalTime) => {
    const clocks = { partitionTime, arrivalTime };
    expect(readOffsetMetadata(writeOffsetMetadata(clocks))).toEqual(clocks);
  },
);

test('what an older version wrote has no time of arrival', () => {
  expect(readOffsetMetadata('t=12')).toEqual({ partitionTime: 12, arrivalTime: -1 });
});

test('no time is written as nothing', () => {
  expect(writeOffsetMetadata({ partitionTime: -1, arrivalTime: -1 })).toBe('');
});

test.each(['', 'AgAAAZqd', 't=', 't=-5', 't=1.5', 't=12 ', 'x t=12', 't=1 a=', 't=1 a=-1', 'a=1'])(
  '%j of another tool is no time',
  (text) => {
    expect(readOffsetMetadata(text)).toEqual({ partitionTime: -1, arrivalTime: -1 });
  },
);
