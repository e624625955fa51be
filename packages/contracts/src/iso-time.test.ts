import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { isoTime, parseIsoTime } from './iso-time.ts';

const schema = z.iso.datetime({ precision: 3 });

test.each([
  '2026-02-31T00:00:00.000Z',
  '2026-01-01T24:00:00.000Z',
  '2026-01-01T00:00:60.000Z',
  '2026-01-01T00:60:00.000Z',
  '2026-13-01T00:00:00.000Z',
  '2026-01-01 00:00:00.000Z',
  '2026-01-01T00:00:00.00Z',
  '2026-01-01T00:00:00.0000Z',
  '2026-01-01T00:00:00.00aZ',
  '2026-01-01T00:00:00.000z',
  '+26-01-01T00:00:00.000Z+',
  '',
])('%s is no time', (text) => {
  expect(parseIsoTime(text)).toBeNaN();
});

test('reads what Date writes, and writes what Date does', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z') }),
      (date) => {
        fc.pre(!Number.isNaN(date.getTime()));
        expect(parseIsoTime(date.toISOString())).toBe(date.getTime());
        expect(isoTime(date.getTime())).toBe(date.toISOString());
        const minute = new Date(Math.floor(date.getTime() / 60_000) * 60_000);
        expect([isoTime(minute.getTime()), isoTime(minute.getTime())]).toEqual(
          Array(2).fill(minute.toISOString()),
        );
      },
    ),
  );
});

test('takes what the schema takes', () => {
  const two = fc.integer({ min: 0, max: 65 }).map((n) => String(n).padStart(2, '0'));
  const text = fc
    .tuple(fc.integer({ min: 1900, max: 2100 }), two, two, two, two, two)
    .map(([y, mo, d, h, mi, s]) => `${y}-${mo}-${d}T${h}:${mi}:${s}.123Z`);
  fc.assert(
    fc.property(text, (candidate) => {
      expect(!Number.isNaN(parseIsoTime(candidate))).toBe(schema.safeParse(candidate).success);
    }),
    { numRuns: 2_000 },
  );
});
