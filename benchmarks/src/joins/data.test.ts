import { expect, test } from 'vitest';
import { joinData, withinMs, type InputRecord } from './data.ts';
import { countOf, Sums } from './witness.ts';

const size = { records: 3000, users: 40, spanMs: 60_000 };

function amountOf({ value }: InputRecord): number {
  return (JSON.parse(value) as { amount: number }).amount;
}

test('the sums of two streams are those of all pairs that are near', () => {
  const { records, sums } = joinData({ kind: 'stream-stream', ...size });
  const all = [...records];
  const naive = new Sums();
  for (const left of all.filter(({ side }) => side === 'left'))
    for (const right of all.filter(({ side, key }) => side === 'right' && key === left.key))
      if (Math.abs(left.timestamp - right.timestamp) <= withinMs)
        naive.add(left.key, Buffer.from(JSON.stringify({ points: amountOf(left) * amountOf(right) })));
  expect(naive.results).toBeGreaterThan(500);
  expect(naive.wrong(sums)).toEqual([]);
});

test('the sums of a stream and a table are those of the newest row before each event', () => {
  const { records, sums } = joinData({ kind: 'stream-table', ...size });
  const all = [...records].toSorted((a, b) => a.timestamp - b.timestamp);
  const weights = new Map<string, number>();
  const naive = new Sums();
  for (const record of all) {
    const { side, key, value } = record;
    if (side === 'right') weights.set(key, (JSON.parse(value) as { weight: number }).weight);
    else naive.add(key, Buffer.from(JSON.stringify({ points: amountOf(record) * (weights.get(key) ?? 0) })));
  }
  expect(naive.results).toBeGreaterThan(2000);
  expect(naive.wrong(sums)).toEqual([]);
});

test('a result that is missing or wrong is named', () => {
  const { records, sums } = joinData({ kind: 'stream-stream', ...size });
  void [...records];
  const none = new Sums();
  expect(none.wrong(sums)).toEqual([
    expect.stringContaining(`0 results instead of ${countOf(sums)}; ${sums.size} users differ`),
  ]);
  const one = new Map([['user-1', { results: 1, points: 6 }]]);
  none.add('user-1', Buffer.from('{"points":5}'));
  expect(none.wrong(one)).toEqual([expect.stringContaining('user-1 has 1 results with 5 points instead of')]);
});
