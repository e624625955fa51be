// The web shop's own types, each with a strict schema, and how an outsider registers them.
import { expect } from 'vitest';
import type { SegmentStack } from '../segment-stack.ts';

const ref = { type: 'integer', minimum: 0 };
const text = { type: 'string', minLength: 1 };
const money = { type: 'number', minimum: 0 };
const currency = { enum: ['EUR', 'USD', 'JPY'] };
const items = {
  type: 'array',
  maxItems: 20,
  items: strict({
    sku: { type: 'string', pattern: '^sku-[0-9]+$' },
    quantity: { type: 'integer', minimum: 1 },
  }),
};
const orderId = { type: 'string', pattern: '^order-[0-9]+$' };

function strict(properties: Record<string, object>, optional: Record<string, object> = {}): object {
  const all = { ...properties, ...optional };
  return { type: 'object', required: Object.keys(properties), properties: all, additionalProperties: false };
}

const order = { ref, orderId, currency, total: money, items };

/** A type whose name needs encoding in a path, in MongoDB and in a list of names. */
export const invoiceSent = 'Invoice v2.1, sent ($)';
/** The type that is registered only after its first events. */
export const lateType = 'Coupon Applied';
/** The schema of {@link lateType}. */
export const lateSchema: object = strict({ ref, code: text, percent: { type: 'integer', maximum: 100 } });

/** The schemas by the names of the types. */
const shopSchemas: Readonly<Record<string, object>> = {
  'Product Viewed': strict({ ref, sku: text, price: money }, { list: text }),
  'Cart Updated': strict({ ref, items, total: money }),
  'Signed In': strict({ ref, method: { enum: ['password', 'passkey'] } }),
  'Order Completed': strict(order),
  'Order Refunded': strict({ ref, orderId, currency, amount: money, reason: text }),
  [invoiceSent]: strict({ ref, orderId, email: { type: 'string', format: 'email' } }),
};

/** `Order Completed` once more, with a field that orders may have. */
export const newerOrder: object = strict(order, { gift: { type: 'boolean' } });

const shownText = { type: 'string' };
/** What the clients send with `page`: the shop's own, and what they add. */
const pageView = strict(
  { ref, path: text },
  { url: text, title: shownText, search: shownText, referrer: shownText, name: text, category: text },
);

/** Changes a type with the admin key, and expects a status. */
export async function putType(
  { edge, adminKey }: SegmentStack,
  name: string,
  body: object,
  status: number,
): Promise<unknown> {
  const response = await fetch(`${edge}/api/types/${encodeURIComponent(name)}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer: unknown = await response.json();
  expect([name, response.status, answer]).toEqual([name, status, expect.anything()]);
  return answer;
}

/**
 * Registers the shop's types. `PAGE_VIEW` is there already and had no schema: it gets one in the mode `warn`,
 * and then becomes strict.
 */
export async function registerShop(stack: SegmentStack): Promise<void> {
  for (const [name, schema] of Object.entries(shopSchemas)) {
    const made = await putType(stack, name, { schema, owner: 'shop' }, 201);
    expect(made).toMatchObject({ name, mode: 'strict' });
  }
  await putType(stack, 'PAGE_VIEW', { mode: 'warn', schema: pageView }, 201);
  expect(await putType(stack, 'PAGE_VIEW', { mode: 'strict' }, 200)).toMatchObject({ mode: 'strict' });
}
