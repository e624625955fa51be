import { auditRecord } from '@activity/contracts';
import type { TextRecord } from '@activity/kafka';
import { failureOf } from '@activity/service';
import { expect, test } from 'vitest';
import type { WriteResult } from '../kafka/partition-lane.ts';
import { createAuditWriter } from './audit-writer.ts';

const at = Date.parse('2026-01-02T03:04:05.678Z');
const identity = { keyId: 'aaaaaaaaaaaa', name: 'web', scopes: new Set(['delete'] as const) };
const change = {
  action: 'type.put',
  target: 'Order Completed',
  details: { version: 2 },
  identity,
  at,
} as const;

async function noted(
  result: WriteResult,
  more: { id?: string } = {},
): Promise<{ record: TextRecord | undefined; failed: unknown }> {
  let record: TextRecord | undefined;
  const writer = createAuditWriter({
    newId: () => 'made-id',
    write(given, _, tell) {
      record = given;
      tell(result);
    },
  });
  const failed = await writer.note({ ...change, ...more }).catch(failureOf);
  return { record, failed };
}

test('a line has who, what and when, and is keyed by its kind', async () => {
  const { record, failed } = await noted({ kind: 'written', partition: 0, offset: 1 });
  expect(failed).toBeUndefined();
  expect(record).toMatchObject({ key: 'type', timestamp: at });
  expect(auditRecord.parse(JSON.parse(String(record?.value)))).toEqual({
    _id: 'made-id',
    at: '2026-01-02T03:04:05.678Z',
    actor: { keyId: 'aaaaaaaaaaaa', name: 'web' },
    action: 'type.put',
    target: 'Order Completed',
    details: { version: 2 },
  });
});

test('a change that may be noted twice gives the id', async () => {
  const { record } = await noted({ kind: 'written', partition: 0, offset: 1 }, { id: 'v2' });
  expect(JSON.parse(String(record?.value))).toMatchObject({ _id: 'v2' });
});

test('is 503 where the line was not acknowledged', async () => {
  expect((await noted({ kind: 'unavailable', reason: 'deadline' })).failed).toMatchObject({
    kind: 'unavailable',
    message: 'the line of the audit could not be written: nothing was changed, send it again',
  });
});
