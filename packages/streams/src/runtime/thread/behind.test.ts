// How often a thread commits while its input is behind.
import { afterEach, expect, test } from 'vitest';
import { stringSerde } from '../../api/serde.ts';
import { StreamsBuilder } from '../../dsl/streams-builder.ts';
import { closeThreads, startThread, until } from '../../testing-support/thread-on-log.ts';

const strings = { key: stringSerde, value: stringSerde };

afterEach(closeThreads);

/** Works off records that take 0.1 ms each; returns how many were written by each commit. */
async function commitsOf(
  records: number,
  maxCommitIntervalMs: number,
  timeOf: (n: number) => number = (n) => n,
): Promise<number[]> {
  const builder = new StreamsBuilder();
  builder
    .stream('in', strings)
    .peek(() => {
      for (const end = performance.now() + 0.1; performance.now() < end;);
    })
    .to('out', strings);
  const commits: number[] = [];
  const { lines, values } = startThread({
    topology: builder.build(),
    inputs: [Array.from({ length: records }, (_, n) => String(n))],
    timeOf,
    refuse: ({ records: { count } }) => commits.push(count),
    settings: { commitIntervalMs: 10, maxCommitIntervalMs, maxUncommittedRecords: 1_000_000 },
  });
  await until(() => values('out').length === records, lines);
  return commits;
}

test('while records wait, a commit waits for more of them, and not for the last thousand', async () => {
  const commits = await commitsOf(3_000, 60_000);
  expect(commits[0]).toBeGreaterThan(2_000 - 1);
  expect(commits[0]).toBeLessThan(3_000);
});

test('no longer than it may', async () => {
  const commits = await commitsOf(5_000, 100);
  expect(commits.length).toBeGreaterThan(2);
  // 100 ms, the commit before, and the turn that is under way: at 0.1 ms a record at the least.
  expect(commits[0]).toBeLessThan(2_000);
});

test('it does not wait for records that have only just come, however many', async () => {
  const commits = await commitsOf(3_000, 60_000, () => Date.now() + 60_000);
  expect(commits[0]).toBeLessThan(1_000);
});

test('where it may not wait, it does not', async () => {
  const commits = await commitsOf(3_000, 10);
  expect(commits[0]).toBeLessThan(1_000);
});
