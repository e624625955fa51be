import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { putInput } from './put-input.ts';

const folder = mkdtempSync(join(tmpdir(), 'put-input-'));
const file = join(folder, 'schema.json');
afterAll(() => rmSync(folder, { recursive: true }));

test('only what is given is in the body, and none takes away', async () => {
  writeFileSync(file, '{"required":["total"]}');
  expect(await putInput({})).toEqual({});
  expect(await putInput({ schema: file, mode: 'warn', 'retention-days': '30' })).toEqual({
    schema: { required: ['total'] },
    mode: 'warn',
    retentionDays: 30,
  });
  expect(await putInput({ schema: 'none', 'retention-days': 'none' })).toEqual({
    schema: null,
    retentionDays: null,
  });
});

test.each(['30d', 'abc', '', '-1', '1.5', 'NaN'])(
  'a retention of %j is refused: it does not take the retention away',
  async (days) => {
    await expect(putInput({ 'retention-days': days })).rejects.toThrow(
      /must be a whole number of days, or none/,
    );
  },
);

test('a file that holds no JSON is named', async () => {
  writeFileSync(file, '{bad');
  await expect(putInput({ schema: file })).rejects.toThrow(/schema\.json is no JSON: /);
});
