// The clocks and the topic's id in an offset's metadata, and what others may have written there.
import { expect, test } from 'vitest';
import { readOffsetMetadata, writeOffsetMetadata } from './offset-metadata.ts';

const id = '6f1c9b1e-0000-4000-8000-00000000000a';
const times = [0, 1, 1_795_000_000_000, Number.MAX_SAFE_INTEGER];
const clocks = times.flatMap((time) => [-1, ...times].map((arrival) => [time, arrival] as const));
const nothing = { partitionTime: -1, arrivalTime: -1, topicId: undefined, stepClocks: '' };

test.each(
  [undefined, id].flatMap((topicId) => [[-1, -1] as const, ...clocks].map((c) => [...c, topicId] as const)),
)('%d and %d of topic %s come back', (partitionTime, arrivalTime, topicId) => {
  for (const stepClocks of ['', '1x:3f', '1x:3f,zzz:0']) {
    const said = { partitionTime, arrivalTime, topicId, stepClocks };
    expect(readOffsetMetadata(writeOffsetMetadata(said))).toEqual(said);
  }
});

test('what older versions wrote has no time of arrival, or no topic', () => {
  expect(readOffsetMetadata('t=12')).toEqual({ ...nothing, partitionTime: 12 });
  expect(readOffsetMetadata('t=12 a=13')).toEqual({ ...nothing, partitionTime: 12, arrivalTime: 13 });
});

test('nothing is written as nothing', () => {
  expect(writeOffsetMetadata(nothing)).toBe('');
});

test.each([
  '',
  'AgAAAZqd',
  't=',
  't=-5',
  't=1.5',
  't=12 ',
  'x t=12',
  't=1 a=',
  't=1 a=-1',
  'a=1',
  't=1 x',
  't=1 c=',
])('%j of another tool says nothing', (text) => {
  expect(readOffsetMetadata(text)).toEqual(nothing);
});
