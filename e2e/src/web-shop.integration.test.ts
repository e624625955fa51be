// A small web shop with types of its own and Segment's clients, on the real pipeline: every count is the
// shop's own.
import { expect, test } from 'vitest';
import { runShop, startShop } from './testing/web-shop/run-shop.ts';

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9));

test(`400 events of a web shop (SEED=${seed}) are counted as the shop counts them`, async ({ skip }) => {
  const stack = await startShop('web-shop');
  if ('missing' in stack) return skip(stack.missing);
  try {
    await expect(runShop(stack, 400, seed)).resolves.toBeUndefined();
  } finally {
    await stack.stop();
  }
}, 300_000);
