import { expect, test } from 'vitest';
import type { Timeline } from '../data/answers.ts';
import { axisText, bucketAt, plotData, summaryOf, typesOf } from './chart-data.ts';

const first = new Date(2026, 10, 23, 4, 0);
const second = new Date(2026, 10, 23, 5, 0);
const timeline: Timeline = {
  interval: 'hour',
  tz: 'UTC',
  buckets: [
    { start: first.toISOString(), total: 3, byType: { LOGIN: 2, ERROR: 1 } },
    { start: second.toISOString(), total: 1_500, byType: { LOGIN: 1_500 } },
  ],
  asOf: second.toISOString(),
};

test('has a column a bucket, and room for the last bar', () => {
  const [starts, totals, errors] = plotData(timeline, 'ERROR');
  expect(starts).toEqual([first, second, new Date(2026, 10, 23, 6, 0)].map((at) => at.getTime() / 1_000));
  expect([totals, errors]).toEqual([
    [3, 1_500, 0],
    [1, 0, null],
  ]);
  expect(plotData(timeline)[2]).toEqual([null, null, null]);
});

test('is told in a sentence', () => {
  expect(summaryOf(timeline)).toBe('1,503 events; most in Mon 23 Nov, 05:00–06:00: 1,500');
  expect(summaryOf(timeline, 'ERROR')).toContain('1,503 events, 1 of them ERROR;');
  expect(summaryOf({ ...timeline, buckets: [] })).toBe('No events in this time');
});

test('names hours on its axis, days where it is long', () => {
  const seconds = second.getTime() / 1_000;
  expect(axisText(seconds, timeline)).toBe('05:00');
  expect(axisText(seconds, { ...timeline, interval: 'day' })).toBe('23 Nov');
  expect(axisText(seconds + 3_600, timeline)).toBe('');
});

test('a place of the axis is in the bucket that covers it', () => {
  const start = first.getTime() / 1_000;
  expect([-1, 0, 3_599, 3_600, 7_199, 7_200].map((after) => bucketAt(start + after, timeline))).toEqual([
    undefined,
    0,
    0,
    1,
    1,
    undefined,
  ]);
});

test('a highlighted type is named first, also where there is none of it', () => {
  const byType = { LOGIN: 2, ERROR: 1, LOGOUT: 3 };
  expect(typesOf(byType).map(([type]) => type)).toEqual(['LOGOUT', 'LOGIN', 'ERROR']);
  expect(typesOf(byType, 'ERROR').map(([type]) => type)).toEqual(['ERROR', 'LOGOUT', 'LOGIN']);
  expect(typesOf(byType, 'API_CALL')[0]).toEqual(['API_CALL', 0]);
});
