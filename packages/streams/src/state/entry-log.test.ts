// Entries outside of the heap: what goes in comes out, the newest of a key is found, and what is cut off
// never was.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { murmur2 } from '@activity/kafka';
import { checkProperty } from '@activity/kafka/testing';
import { trickyKeys } from '../testing-support/state-backends.ts';
import { Entries, nowhere } from './entries.ts';
import { EntryLog } from './entry-log.ts';
import { keyBytes } from './key-bytes.ts';

const text = fc.string({ unit: 'binary', maxLength: 5 }).filter((key) => key.isWellFormed());
const key = fc.oneof(fc.constantFrom(...trickyKeys.filter((one) => one.isWellFormed())), text);
const time = fc.oneof(
  fc.nat(100),
  fc.constantFrom(2 ** 31, 2 ** 32 - 1, 2 ** 32, 1_700_000_000_123),
  fc.maxSafeNat(),
);

describe('the bytes of a key', () => {
  test.each(['utf8', 'latin1'] as const)('are those of its text as %s', (encoding) => {
    const any =
      encoding === 'utf8' ? text : fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)) });
    fc.assert(
      fc.property(any, (written) => {
        const wanted = Buffer.from(written, encoding);
        const { bytes, length, hash } = keyBytes(written, encoding);
        expect(Buffer.from(bytes.subarray(0, length))).toEqual(wanted);
        expect(hash).toBe(murmur2(wanted));
      }),
    );
  });

  test('of a text that is longer than any key are a text’s all the same', () => {
    const long = 'ü'.repeat(5_000);
    expect(keyBytes(long, 'utf8')).toMatchObject({ length: 10_000, hash: murmur2(Buffer.from(long)) });
  });
});

type Step =
  | { do: 'put'; key: string; data: string | Uint8Array | undefined; time: number }
  | { do: 'truncate'; share: number }
  | { do: 'copy' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      key,
      data: fc.oneof(text, fc.constant(undefined), fc.string({ minLength: 200, maxLength: 3_000 })),
      time,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('truncate' as const), share: fc.nat(100) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('copy' as const) }) },
);

describe('an entry log', () => {
  test('does as a list would, whatever is done to it', () => {
    checkProperty(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        let log = new EntryLog();
        let list: { key: string; data: string | undefined; time: number; at: number }[] = [];
        for (const one of steps) {
          if (one.do === 'put') {
            const data = one.data as string | undefined;
            const at = log.append(keyBytes(one.key, 'utf8'), data, one.time);
            list.push({ key: one.key, data, time: one.time, at });
          } else if (one.do === 'truncate') {
            const kept = Math.floor((list.length * one.share) / 100);
            log.truncate(list[kept]?.at ?? log.end);
            list = list.slice(0, kept);
          } else {
            const other = new EntryLog();
            log.each((entries, at) => other.copy(entries, at));
            log = other;
          }
        }
        expect(log.count).toBe(list.length);
        const seen: object[] = [];
        const block = new Entries(Buffer.concat([Buffer.alloc(1), log.slice(0, log.end)]).subarray(1));
        for (const entries of [log, block]) {
          entries.each((from, at) => {
            const stored = from.storedAt(at, 'text');
            seen.push({ key: from.keyAt(at, 'utf8'), data: stored?.data, time: from.timestampAt(at), at });
          });
        }
        expect(seen).toEqual([...list, ...list]);
        for (const wanted of new Set([
          ...trickyKeys.filter((one) => one.isWellFormed()),
          ...list.map((e) => e.key),
        ])) {
          const newest = list.findLast((entry) => entry.key === wanted)?.at ?? nowhere;
          const bytes = keyBytes(wanted, 'utf8');
          expect(log.find(bytes)).toBe(newest);
          expect(block.scan(bytes)).toBe(newest);
          const middle = list[Math.floor(list.length / 2)]?.at ?? 0;
          const before = list.findLast((entry) => entry.key === wanted && entry.at < middle)?.at ?? nowhere;
          expect(log.find(bytes, middle)).toBe(before);
        }
      }),
    );
  });

  test('keeps bytes as they are', () => {
    const log = new EntryLog();
    const bytes = Uint8Array.from({ length: 256 }, (_, n) => n);
    const at = log.append(keyBytes('k', 'latin1'), bytes, 1);
    expect(log.storedAt(at, 'bytes')).toEqual({ data: Buffer.from(bytes), timestamp: 1 });
  });

  test('of many keys finds each', () => {
    const log = new EntryLog();
    for (let n = 0; n < 20_000; n++) log.append(keyBytes(`key ${n % 15_000}`, 'utf8'), String(n), n);
    for (let n = 0; n < 15_000; n++) {
      const at = log.find(keyBytes(`key ${n}`, 'utf8'));
      expect(log.storedAt(at, 'text')?.timestamp).toBe(n < 5_000 ? n + 15_000 : n);
    }
    expect(log.find(keyBytes('key 15000', 'utf8'))).toBe(nowhere);
  });
});
