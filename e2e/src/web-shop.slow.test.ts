// An outsider's web shop of 20,000 events: anonymous visitors, logins, carts, purchases, refunds, phones that
// were offline, a crawler. Every count is the shop's own.
import { expect, test } from 'vitest';
import { runShop, startShop } from './testing/web-shop/run-shop.ts';

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9));

test(`20,000 events of a web shop (SEED=${seed}) are counted as the shop counts them`, async ({ skip }) => {
  const stack = await startShop('web-shop-slow');
  if ('missing' in stack) return skip(stack.missing);
  try {
    await expect(runShop(stack, 20_000, seed)).resolves.toBeUndefined();
  } finally {
    await stack.stop();
  }
}, 1_800_000);
