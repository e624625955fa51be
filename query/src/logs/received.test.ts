import { logId } from '@activity/contracts';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LogDocument } from './log-json.ts';
import type { LogStore } from './log-store.ts';
import { endOf, rangesOf, receivedSlices } from './received.ts';

const offsets = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 4 });

/** The numbers of all raw records between these offsets. */
function numbersOf(from: readonly number[], to: readonly number[]): number[] {
  const numbers = to.flatMap((end, partition) => {
    const start = from[partition] ?? 0;
    return Array.from({ length: Math.max(0, end - start) }, (_, index) => logId(partition, start + index));
  });
  return numbers.toSorted((a, b) => a - b);
}

/** A store that holds a log for each of these numbers. */
function storeOf(numbers: readonly number[]): LogStore {
  return {
    async readNumbered(_filter, { from, to, partitions }, { limit }, see) {
      const found = numbers.filter(
        (number) => number >= from && number < to && (partitions?.includes(number % 1_024) ?? true),
      );
      for (const _id of found.slice(0, limit)) see({ _id } as LogDocument);
      return { more: found.length > limit };
    },
  } as LogStore;
}

test('slices are exactly what is between the offsets, in order', async () => {
  await fc.assert(
    fc.asyncProperty(offsets, offsets, async (from, to) => {
      const store = storeOf(
        numbersOf(
          [],
          to.map(() => 40),
        ),
      );
      const next = receivedSlices(store, {}, from, to);
      const seen: number[] = [];
      for (;;) {
        const more = await next({ limit: 3, maxLength: 100 }, ({ _id }) => seen.push(_id));
        if (!more) break;
      }
      expect(seen).toEqual(numbersOf(from, to));
    }),
  );
});

test('partitions that are far apart are read apart: nothing of what was exported before is looked at', () => {
  expect(rangesOf([10, 1_000], [12, 1_003])).toEqual([
    { from: 10 * 1_024, to: 12 * 1_024, partitions: [0] },
    { from: 1_000 * 1_024, to: 1_003 * 1_024, partitions: [1] },
  ]);
  expect(rangesOf([10, 10], [12, 12])).toEqual([{ from: 10 * 1_024, to: 12 * 1_024, partitions: undefined }]);
  expect(rangesOf([3, 3], [3, 3])).toEqual([]);
});

test('export after export reaches the end, whatever the limit, and a new partition begins at its first record', () => {
  fc.assert(
    fc.property(offsets, offsets, fc.integer({ min: 1, max: 20 }), (from, final, limit) => {
      let at: readonly number[] = from;
      for (let more = true; more;) {
        const end = endOf(at, final, limit);
        expect(numbersOf(at, end.to).length).toBeLessThanOrEqual(limit);
        expect(end.more && numbersOf(at, end.to).length === 0).toBe(false);
        ({ to: at, more } = end);
      }
      expect(at).toEqual(final.map((end, partition) => Math.max(end, from[partition] ?? 0)));
    }),
  );
});
