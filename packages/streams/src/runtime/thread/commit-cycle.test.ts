// When a thread commits.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { stringSerde } from '../../api/serde.ts';
import { StreamsBuilder } from '../../dsl/streams-builder.ts';
import { closeThreads, startThread, until } from '../../testing-support/thread-on-log.ts';

afterEach(closeThreads);

test('a commit that took long is followed by a while without one', async () => {
  const builder = new StreamsBuilder();
  const strings = { key: stringSerde, value: stringSerde };
  builder
    .stream('in', strings)
    .peek(() => {
      for (const end = performance.now() + 5; performance.now() < end;);
    })
    .to('out', strings);
  const began: number[] = [];
  const { lines, values } = startThread({
    topology: builder.build(),
    inputs: [Array.from({ length: 250 }, (_, n) => String(n))],
    refuse: () => began.push(performance.now()),
    commitMs: 200,
    settings: { commitIntervalMs: 100 },
  });
  await until(() => values('out').length === 250, lines);
  await sleep(0);
  const apart = began.slice(1).map((at, n) => at - (began[n] as number));
  expect(apart.length).toBeGreaterThan(2);
  // All but the first commit, which comes before there is a last one.
  expect(Math.min(...apart)).toBeGreaterThan(290);
});
