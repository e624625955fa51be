import { expect, test } from 'vitest';
import { firstFields } from './metadata.ts';

test.each([
  [{}, ''],
  [{ ip: '203.0.113.7', userAgent: 'curl', plan: 'pro' }, 'plan: pro'],
  [{ a: 1, b: true, c: null, d: 'left out' }, 'a: 1 · b: true · c: null'],
  [{ cart: [{ sku: 'x' }] }, 'cart: [{"sku":"x"}]'],
  [{ note: 'x'.repeat(99) }, `note: ${'x'.repeat(39)}…`],
])('%j reads %j', (metadata, text) => {
  expect(firstFields(metadata)).toBe(text);
});
