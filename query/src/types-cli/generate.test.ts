import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '@activity/testbed/paths';
import { expect, test } from 'vitest';
import { generateTypes } from './generate.ts';

const pair = { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }], items: false };
const tuples = {
  properties: {
    pair,
    // Names that are keywords elsewhere.
    items: { type: 'string' },
    minItems: { type: 'number' },
    many: { type: 'array', minItems: 1_000, items: { type: 'string' } },
    lines: { type: 'array', items: pair },
  },
  additionalProperties: false,
};
const schema = {
  type: 'object',
  required: ['total'],
  properties: { total: { type: 'number' }, lines: { type: 'array', items: { $ref: '#/$defs/line' } } },
  additionalProperties: false,
  $defs: { line: { type: 'object', required: ['sku'], properties: { sku: { type: 'string' } } } },
};

test('the module compiles, takes events as the schemas do, and no others', async () => {
  const text = await generateTypes([
    { name: 'Order Completed', version: 2, schema, description: 'It ends */ here' },
    { name: 'ORDER_COMPLETED', version: 1, schema },
    { name: '注文', version: 1, schema },
    { name: 'b2b signup', version: 1, schema },
    { name: '1st order', version: 1, schema },
    { name: 'Tuples', version: 1, schema: tuples },
    { name: 'LOGIN', version: 0 },
  ]);
  expect(text).toContain('export interface OrderCompletedMetadata {');
  expect(text).toContain('export interface OrderCompletedMetadata2 {');
  const folder = mkdtempSync(join(tmpdir(), 'activity-types-'));
  try {
    writeFileSync(join(folder, 'types.ts'), text);
    const event = `{ userId: 'u', activityType: 'Order Completed', metadata: { total: 1, lines: [{ sku: 'a' }] } }`;
    writeFileSync(
      join(folder, 'use.ts'),
      `import type { Event } from './types.ts';
export const good: Event[] = [${event}, { userId: 'u', activityType: 'LOGIN', metadata: { any: 1 } }];
// @ts-expect-error: the metadata is not as the schema says
export const wrong: Event = { userId: 'u', activityType: 'Order Completed', metadata: { total: '1' } };
export const tuple: Event<'Tuples'> = {
  userId: 'u',
  activityType: 'Tuples',
  metadata: { pair: ['a', 1], items: 'x', minItems: 30, many: ['a'], lines: [['a', 1], ['b', 2]] },
};
// @ts-expect-error: the second item is a number
export const wrongTuple: Event<'Tuples'> = { userId: 'u', activityType: 'Tuples', metadata: { pair: ['a', 'b'] } };
// @ts-expect-error: the type is not registered
export const unknown: Event = { userId: 'u', activityType: 'NOPE', metadata: {} };
`,
    );
    const tsc = join(projectRoot, 'node_modules', '.bin', 'tsc');
    const flags = [
      '--noEmit',
      '--strict',
      '--allowImportingTsExtensions',
      '--skipLibCheck',
      '--module',
      'nodenext',
    ];
    execFileSync(tsc, [...flags, 'use.ts'], { cwd: folder, encoding: 'utf8' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
