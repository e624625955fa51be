// The validators of the collections, as they are sent to MongoDB.
import { collections, dateFields, topicSchemas } from '@activity/contracts';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { bsonTypesOf } from './bson-schema.ts';
import { validators } from './validators.ts';

test('are as they were agreed', async () => {
  // `vitest -u` writes them again: then see that no document that is stored somewhere is refused.
  await expect(`${JSON.stringify(validators, undefined, 2)}\n`).toMatchFileSnapshot('validators.golden.json');
});

test('refuse a type that documents do not have', () => {
  expect(() => bsonTypesOf(z.object({ share: z.number() }))).toThrowError(
    'no translation of the type "number"',
  );
});

/** The fields of a document, or of what else its topic has, that are times. */
function timesOf(schema: z.ZodType): string[] {
  const { anyOf = [], ...document } = z.toJSONSchema(schema);
  const either = [document, ...anyOf] as { properties?: Record<string, { format?: string }> }[];
  const times = either.flatMap(({ properties = {} }) =>
    Object.keys(properties).filter((name) => properties[name]?.format === 'date-time'),
  );
  return [...new Set(times)];
}

const topicOf = {
  logs: 'enriched',
  counts: 'counts',
  users: 'users',
  globalCounts: 'globalCounts',
  ledger: 'ledger',
  audit: 'audit',
} as const;

test.each(Object.keys(collections) as (keyof typeof collections)[])(
  'the times of %s are what the sink makes dates of',
  (collection) => {
    expect(timesOf(topicSchemas[topicOf[collection]]).toSorted()).toEqual(dateFields[collection].toSorted());
  },
);
