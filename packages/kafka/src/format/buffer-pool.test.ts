import { expect, test } from 'vitest';
import { BufferPool } from './buffer-pool.ts';

test('a buffer that was given back is lent again to who needs its size, and to one at a time', () => {
  const pool = new BufferPool();
  const first = pool.take(20_000);
  expect(first).toHaveLength(32_768);
  expect(pool.take(20_000)).not.toBe(first);
  pool.give(first);
  expect(pool.take(40_000)).not.toBe(first);
  expect(pool.take(32_768)).toBe(first);
  expect(pool.take(32_768)).not.toBe(first);
});

test('no more is kept than its limit', () => {
  const pool = new BufferPool();
  const buffers = Array.from({ length: 32 }, () => pool.take(1_000_000));
  for (const buffer of buffers) pool.give(buffer);
  const again = Array.from({ length: 32 }, () => pool.take(1_000_000));
  expect(again.filter((buffer) => buffers.includes(buffer))).toHaveLength(16);
});
