import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { auditDetails, auditKinds, auditRecord } from './audit-record.ts';

test('the line that docs/audit.md shows is one', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/audit.md'), 'utf8');
  const [, json = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
  expect(auditRecord.parse(JSON.parse(json))).toMatchObject({
    action: 'key.created',
    actor: { name: 'ann' },
  });
});

test('kinds are the first parts of actions', () => {
  expect(auditKinds).toEqual(['key', 'type', 'log', 'user']);
});

test.each([{ $ref: 'x' }, { schema: { type: 'object' } }, { 'a.b': 1 }, { share: 0.5 }])(
  'details may not be %j, which MongoDB could refuse or the sink misread',
  (details) => {
    expect(auditDetails.safeParse(details).success).toBe(false);
  },
);
