// What must come of the restart benchmark's records, and that a lost or a double one is found.
import { expect, test } from 'vitest';
import { differences, eventOf, expectedOf, Found, recordOf } from './records.ts';
import type { Kind } from './job.ts';

const keys = 100;
const written = 1_000;

/** The output of a processor that does its work right. */
function outputOf(kind: Kind): { key: string; value: string }[] {
  const counts = new Map<string, number>();
  const seen = new Set<string>();
  return Array.from({ length: written }, (_, n) => recordOf(n, keys)).flatMap(({ key, value }) => {
    if (kind === 'counts') {
      counts.set(key, (counts.get(key) ?? 0) + 1);
      return [{ key, value: String(counts.get(key)) }];
    }
    if (seen.has(value)) return [];
    seen.add(value);
    return [{ key, value }];
  });
}

function foundIn(kind: Kind, output: readonly { key: string; value: string }[]): Found {
  const found = new Found(kind);
  for (const { key, value } of output) found.add(key, value);
  return found;
}

test('each tenth of the later records is a copy: of one of the first events, or of one a moment ago', () => {
  const copies = Array.from({ length: written }, (_, n) => n).filter((n) => eventOf(n, keys) !== n);
  expect(copies).toHaveLength((written - keys) / 10);
  expect(copies.filter((n) => eventOf(n, keys) < keys)).toHaveLength(copies.length / 2);
  for (const n of copies) {
    const event = eventOf(n, keys);
    expect(recordOf(n, keys)).toEqual(recordOf(event, keys));
    expect(eventOf(event, keys)).toBe(event);
  }
});

test.each(['counts', 'ids'] as const)('%s: what is right has no differences', (kind) => {
  const found = foundIn(kind, outputOf(kind));
  const expected = expectedOf(kind, written, keys);
  expect(differences(kind, expected, found)).toEqual([]);
  expect(found.sum).toBe([...expected.values()].reduce((a, b) => a + b, 0));
});

test('a count that is one too small or one too large is found', () => {
  const output = outputOf('counts');
  const expected = expectedOf('counts', written, keys);
  const newest = new Map(output.map(({ key, value }) => [key, Number(value)]));
  const changed = (key: string, by: number): { key: string; value: string } => {
    return { key, value: String((newest.get(key) ?? 0) + by) };
  };
  expect(differences('counts', expected, foundIn('counts', [...output, changed('user-3', -1)]))).toEqual([
    '1 keys are counted less often than they were written',
  ]);
  expect(differences('counts', expected, foundIn('counts', [...output, changed('user-3', 1)]))).toEqual([
    '1 keys are counted more often than they should be',
  ]);
});

test('an event that is lost, one that is passed on twice, and one that nobody wrote are found', () => {
  const output = outputOf('ids');
  const expected = expectedOf('ids', written, keys);
  const [lost, double, foreign] = [
    output.slice(1),
    [...output, ...output.slice(7, 8)],
    [...output, { key: 'user-1', value: 'event-77777' }],
  ];
  const less = '1 events are passed on less often than they were written';
  const more = '1 events are passed on more often than they should be';
  expect(differences('ids', expected, foundIn('ids', lost))).toEqual([less]);
  expect(differences('ids', expected, foundIn('ids', double))).toEqual([more]);
  expect(differences('ids', expected, foundIn('ids', foreign))).toEqual([more]);
});
