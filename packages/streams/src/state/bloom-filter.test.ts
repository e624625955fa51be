// The Bloom filter: it never denies a key that was added, and lets few others pass, however full it is.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashText } from '@activity/kafka';
import { BloomFilter } from './bloom-filter.ts';

describe('a Bloom filter', () => {
  test('is empty at first', () => {
    expect(new BloomFilter().mayHave(hashText(''))).toBe(false);
  });

  test('never denies what was added', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (keys) => {
        const filter = new BloomFilter();
        for (const key of keys) filter.add(hashText(key));
        expect(keys.filter((key) => !filter.mayHave(hashText(key)))).toEqual([]);
      }),
    );
  });

  test.each([1000, 4096, 100_000])('of %d keys denies none of them, and passes few others', (count) => {
    const filter = new BloomFilter();
    for (let n = 0; n < count; n++) filter.add(hashText(`5|user${n}event-${n * 7}`));
    let denied = 0;
    for (let n = 0; n < count; n++) if (!filter.mayHave(hashText(`5|user${n}event-${n * 7}`))) denied++;
    expect(denied).toBe(0);
    let passed = 0;
    for (let n = 0; n < 20_000; n++) if (filter.mayHave(hashText(`5|user${n}other-${n}`))) passed++;
    expect(passed / 20_000).toBeLessThan(0.05);
  });

  test('takes no more room for keys that are added again', () => {
    const filter = new BloomFilter();
    for (let n = 0; n < 100_000; n++) filter.add(hashText(`5|user${n % 1000}`));
    expect(filter.bytes).toBeLessThan(10_000);
  });
});
