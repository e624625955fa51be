// Varints: the bytes of the protocol guide, and every value there and back.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sizeOfVarint, sizeOfVarlong, VarintCursor, writeVarint, writeVarlong } from './varint.ts';

function written(write: (buffer: Buffer) => number): Buffer {
  const buffer = Buffer.alloc(16, 0xee);
  return buffer.subarray(0, write(buffer));
}

describe('varint', () => {
  test.each([
    [0, '00'],
    [-1, '01'],
    [1, '02'],
    [63, '7e'],
    [-64, '7f'],
    [64, '8001'],
    [-65, '8101'],
    [300, 'd804'],
    [8191, 'fe7f'],
    [8192, '808001'],
    [0x7fffffff, 'feffffff0f'],
    [-0x80000000, 'ffffffff0f'],
  ])('%d is written as %s', (value, hex) => {
    expect(written((buffer) => writeVarint(buffer, 0, value)).toString('hex')).toBe(hex);
    expect(written((buffer) => writeVarlong(buffer, 0, value)).toString('hex')).toBe(hex);
    expect(sizeOfVarint(value)).toBe(hex.length / 2);
    expect(sizeOfVarlong(value)).toBe(hex.length / 2);
  });

  test('every 32-bit value comes back, and its size is what was written', () => {
    fc.assert(
      fc.property(fc.integer(), (value) => {
        const bytes = written((buffer) => writeVarint(buffer, 0, value));
        expect(bytes).toHaveLength(sizeOfVarint(value));
        const cursor = new VarintCursor(bytes, 0);
        expect(cursor.varint()).toBe(value);
        expect(cursor.position).toBe(bytes.length);
      }),
    );
  });

  test('every integer below 2^52 comes back as a varlong', () => {
    const limit = 2 ** 52 - 1;
    fc.assert(
      fc.property(fc.maxSafeInteger(), (any) => {
        const value = Math.max(-limit, Math.min(limit, any));
        const bytes = written((buffer) => writeVarlong(buffer, 0, value));
        expect(bytes).toHaveLength(sizeOfVarlong(value));
        const cursor = new VarintCursor(bytes, 0);
        expect(cursor.varlong()).toBe(value);
        expect(cursor.position).toBe(bytes.length);
      }),
    );
  });

  test('a time in epoch milliseconds is a varlong and no varint', () => {
    const time = Date.UTC(2026, 10, 22);
    const bytes = written((buffer) => writeVarlong(buffer, 0, time));
    expect(new VarintCursor(bytes, 0).varlong()).toBe(time);
  });
});

describe('length-prefixed bytes', () => {
  test.each([
    ['null', '01', null],
    ['none', '00', ''],
    ['three', '06616263', 'abc'],
  ])('%s', (_name, hex, expected) => {
    const cursor = new VarintCursor(Buffer.from(`ff${hex}ff`, 'hex'), 1);
    expect(cursor.bytes()?.toString() ?? null).toBe(expected);
    expect(cursor.position).toBe(1 + hex.length / 2);
  });
});
