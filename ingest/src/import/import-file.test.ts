// How an import ends when the broker does not acknowledge; all else is in import.integration.test.ts.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventTypes } from '@activity/catalogue';
import { activityInput, defaultActivityTypes } from '@activity/contracts';
import { expect, test } from 'vitest';
import type { WriteResult } from '../kafka/partition-lane.ts';
import { importFile, type Imported, type Progress, type Target } from './import-file.ts';
import type { Input } from './open-input.ts';
import { RejectsFile } from './rejects-file.ts';

const types = new EventTypes({ builtIn: defaultActivityTypes, unknown: 'refuse', isRead: () => true });

const nothing: Progress = { bytes: 0, lines: 0, stored: 0, rejected: 0, rejectBytes: 0 };
const lines = ['ada', 'eve', 'bob'].map((userId) => `${JSON.stringify({ userId, activityType: 'LOGIN' })}\n`);

function inputOf(chunks: readonly string[], failure?: Error): Input {
  return {
    name: 'f',
    size: 1,
    fingerprint: '',
    head: Buffer.alloc(0),
    read: () => 0,
    async *chunks() {
      for (const chunk of chunks) yield Buffer.from(chunk);
      if (failure !== undefined) throw failure;
    },
    close() {},
  };
}

async function run(
  input: Input,
  target: Partial<Target>,
  patienceMs = 60_000,
): Promise<{ imported: Imported; saved: Progress[] }> {
  const saved: Progress[] = [];
  const imported = await importFile({
    input,
    format: { name: 'ndjson' },
    from: nothing,
    rejects: await RejectsFile.open(join(tmpdir(), `no-rejects-${process.pid}`), 0),
    target: {
      write: (_record, _partition, tell) => tell({ kind: 'written', partition: 0, offset: 0 }),
      waitingBytes: () => 0,
      failing: () => undefined,
      ...target,
    },
    rules: { input: activityInput, types },
    maxEventBytes: 1_000,
    save: async (progress) => void saved.push(progress),
    report: () => {},
    signal: new AbortController().signal,
    patienceMs,
  });
  return { imported, saved };
}

test('the position stays before the first line that is not acknowledged', async () => {
  const waiting: ((result: WriteResult) => void)[] = [];
  const target: Partial<Target> = {
    write: (_record, _partition, tell) => void waiting.push(tell),
    failing() {
      // The second line is acknowledged, the first is not.
      waiting[1]?.({ kind: 'written', partition: 0, offset: 1 });
      return 'the broker refuses it: grant the principal Write on this topic';
    },
  };
  const { imported, saved } = await run(inputOf(lines), target);
  expect(imported).toMatchObject({ complete: false, idle: false, lines: 0, stored: 0 });
  expect(imported.failure?.message).toContain('grant the principal Write');
  expect(saved.at(-1)).toEqual(nothing);
}, 30_000);

test('a broker that is silent for too long ends the import', async () => {
  const { imported } = await run(inputOf(lines), { write: () => {}, failing: () => 'no broker' }, 300);
  expect(imported.failure?.message).toMatch(/^the broker has acknowledged nothing for \d s: no broker$/);
}, 30_000);

test('what was read before a failure is stored, and is the position', async () => {
  const { imported, saved } = await run(inputOf(lines, new Error('cut off')), {});
  expect(imported).toMatchObject({ complete: false, idle: true, lines: 3, stored: 3 });
  expect(imported.failure?.message).toBe('cut off');
  expect(saved.at(-1)).toMatchObject({ lines: 3, bytes: lines.join('').length });
});
