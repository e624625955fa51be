import { expect, test } from 'vitest';
import type { Loss, Trace } from './answers.ts';
import { stepsOf } from './trace-steps.ts';

const trace: Trace = {
  eventId: 'e1',
  userId: 'u1',
  state: 'stored',
  raw: { partition: 1, offset: 6 },
  log: 6_145,
  receivedAt: '2026-11-23T02:12:38.101Z',
  processedAt: '2026-11-23T02:12:38.109Z',
  deleted: null,
  deadLetters: [],
  duplicates: [],
  waiting: null,
  lost: [],
  unanswered: [],
};

function outline(changes: Partial<Trace>): string[] {
  return stepsOf({ ...trace, ...changes }).map(({ name, level }) => `${name} ${level}`);
}

test.each<[Trace['state'], string[]]>([
  ['accepted', ['Accepted done', 'Processed waiting', 'Stored ahead']],
  ['processed', ['Accepted done', 'Processed done', 'Stored waiting']],
  ['lost', ['Accepted done', 'Processed done', 'Stored failed']],
  ['stored', ['Accepted done', 'Processed done', 'Stored done']],
  ['deleted', ['Accepted done', 'Processed done', 'Deleted failed']],
  ['dead-lettered', ['Accepted done', 'Processed failed']],
  ['erased', ['Erased failed']],
  ['unknown', ['Not seen failed']],
])('%s', (state, steps) => {
  expect(outline({ state })).toEqual(steps);
});

test('say how long it took, and what is before it', () => {
  expect(stepsOf(trace)[1]?.text).toContain('8 ms later');
  const waiting = { stage: 'processor', recordsBefore: 1 } as const;
  expect(stepsOf({ ...trace, state: 'accepted', waiting })[1]?.text).toBe('1 record before it');
});

test('name what retention deleted too early', () => {
  const noticedAt = '2026-11-23T03:00:00.000Z';
  const lost: Loss[] = [
    {
      topic: 'user-activity-enriched',
      of: 'logs',
      partition: 1,
      from: 3,
      to: 9,
      reader: 'connect-activity-logs-sink',
      noticedAt,
    },
  ];
  const place = 'offsets 3 to 8 of user-activity-enriched, partition 1';
  expect(stepsOf({ ...trace, state: 'lost', lost })[2]?.text).toContain(place);
  expect(stepsOf({ ...trace, state: 'unknown', lost })[0]?.text).toContain(place);
});
