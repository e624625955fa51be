// How many bytes one commit takes.
import { afterEach, expect, test } from 'vitest';
import { stringSerde } from '../../api/serde.ts';
import { StreamsBuilder } from '../../dsl/streams-builder.ts';
import { closeThreads, startThread, until } from '../../testing-support/thread-on-log.ts';

const strings = { key: stringSerde, value: stringSerde };

afterEach(closeThreads);

test('a step that holds records back for the commit holds no more than one may have', async () => {
  const builder = new StreamsBuilder();
  builder.stream('in', strings).coalesce().to('out', strings);
  const commits: number[] = [];
  const { lines, values } = startThread({
    topology: builder.build(),
    inputs: [Array.from({ length: 40 }, () => 'x'.repeat(100_000))],
    refuse: ({ records }) => commits.push(records.bytes),
    settings: { commitIntervalMs: 1_000, maxUncommittedBytes: 500_000 },
  });
  await until(() => values('out').length === 40, lines);
  // What the last turn before the look has taken comes on top.
  expect(Math.max(...commits)).toBeLessThan(16 * 110_000);
});
