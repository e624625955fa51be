// The search for the record that makes a commit fail.
import { expect, test } from 'vitest';
import { CommitIsolation, RefusedCommitError } from './commit-isolation.ts';

const last = { topic: 'in', partition: 0, offset: 7 };

function refuse(isolation: CommitIsolation, processed: number): boolean {
  return isolation.refused(
    new RefusedCommitError(new Error('refused'), { processed, last, hasPunctuated: false }),
  );
}

test('small commits between two refusals do not end the search', () => {
  const isolation = new CommitIsolation();
  for (let size = 12, rounds = 0; isolation.records.size === 0; rounds++) {
    expect(rounds).toBeLessThan(10);
    expect(refuse(isolation, size)).toBe(true);
    // What a punctuator or another task writes is taken.
    for (let small = 0; small < 20; small++) isolation.committed(0, 1_000, true);
    size = Math.min(size, isolation.limit);
  }
  expect([...isolation.records.keys()]).toEqual(['in-0@7']);
});

test('full commits are followed by larger ones, until nothing limits them', () => {
  const isolation = new CommitIsolation();
  refuse(isolation, 8);
  const limits = [];
  for (; isolation.limit < 1_000; isolation.committed(isolation.limit, 60, false))
    limits.push(isolation.limit);
  expect(limits).toEqual([4, 8, 16, 32]);
});

test('small commits without a refusal between them are too, in time', () => {
  const isolation = new CommitIsolation();
  refuse(isolation, 8);
  let commits = 0;
  for (; isolation.limit < 1_000; commits++) isolation.committed(1, 60, false);
  expect(commits).toBeLessThan(200);
  expect(isolation.records.size).toBe(0);
});
