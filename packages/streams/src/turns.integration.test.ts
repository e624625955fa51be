// Tasks of one thread take turns, and a slow step costs nobody the membership of the group.
import { setTimeout as sleep } from 'node:timers/promises';
import { servers } from '@activity/testbed/testing';
import { connectWitness, uniqueName, waitFor, type Witness } from '@activity/kafka/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { stringSerde } from './api/serde.ts';
import { StreamsBuilder } from './dsl/streams-builder.ts';
import { createStreams } from './start.ts';
import { createTopics, faultless, judge, lagOf, sendIds, startApp } from './testing-support/counts-run.ts';
import { spin } from './testing-support/counts-topology.ts';
import { untilCommitted } from './testing-support/kill-run.ts';
import type { Topology } from './topology/topology.ts';

const strings = { key: stringSerde, value: stringSerde };
let witness: Witness;

beforeAll(async () => {
  witness = await connectWitness(servers().kafka);
});

afterAll(() => witness[Symbol.asyncDispose]());

/**
 * Copies each record, with the time that it came in at as its value; takes a fifth of a millisecond for each.
 */
function copying(input: string, output: string): Topology {
  const builder = new StreamsBuilder();
  builder
    .stream(input, strings)
    .process(
      () => {
        let forward: (record: { key: string; value: string; timestamp: number; headers: [] }) => void;
        return {
          init(context) {
            forward = (record) => context.forward(record);
          },
          process({ key, timestamp }) {
            spin(0.2);
            forward({ key, value: String(timestamp), timestamp, headers: [] });
          },
        };
      },
      { name: 'copying', ...strings },
    )
    .to(output, { partitioner: (_record, _count, source) => source });
  return builder.build();
}

// Again where the machine is busy: without turns its neighbours wait for seconds each time.
test(
  'a partition with a backlog holds its quiet neighbours up for less than half a second',
  { retry: 2, timeout: 180_000 },
  async () => {
    const id = uniqueName('turns');
    // The broker's clock says when a record came in, and when its copy was written.
    const arrival = { 'message.timestamp.type': 'LogAppendTime' };
    const [input, output] = [`${id}-in`, `${id}-out`];
    for (const name of [input, output]) await witness.createTopic(name, 4, arrival);
    const streams = createStreams({
      applicationId: id,
      topology: copying(input, output),
      brokers: [servers().kafka],
      sessionTimeoutMs: 20_000,
    });
    try {
      await streams.start();
      await vi.waitFor(() => expect(streams.state).toBe('RUNNING'), 40_000);
      const backlog = 60_000;
      for (let at = 0; at < backlog; at += 5000) {
        const records = Array.from({ length: 5000 }, (_, i) => ({
          key: `${at + i}`,
          value: 'hot',
          partition: 0,
        }));
        await witness.send(input, records);
      }
      const quiet = 100;
      for (let n = 0; n < quiet; n++) {
        await witness.send(
          input,
          [1, 2, 3].map((partition) => ({ key: `${n}`, value: 'quiet', partition })),
        );
        await sleep(40);
      }
      await vi.waitFor(
        async () => {
          const [, ...committed] = await witness.committedOffsets(id, input);
          expect(committed).toEqual([quiet, quiet, quiet]);
        },
        { timeout: 60_000, interval: 50 },
      );
      const left = await lagOf(witness, id, [input]);
      const copies = (await witness.readCommitted(output)).filter(({ partition }) => partition > 0);
      const latencies = copies.map(({ timestamp, value }) => timestamp - Number(value));
      const sorted = latencies.toSorted((a, b) => a - b);
      const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? 0;
      console.log(`beside a hot partition: p50 ${sorted[Math.floor(sorted.length / 2)]} ms, p99 ${p99} ms`);
      expect(copies).toHaveLength(3 * quiet);
      expect(p99).toBeLessThan(500);
      // Or there was no neighbour to be held up by.
      expect(left).toBeGreaterThan(0);
    } finally {
      await streams.close();
    }
  },
);

test('a step that takes 10 ms a record, 1,000 records at once: no member is expelled', async () => {
  const topics = await createTopics(witness, 2);
  const applicationId = uniqueName('slow-step');
  const apps = [1, 2].map(() =>
    startApp({
      applicationId,
      brokers: [servers().kafka],
      sessionTimeoutMs: 6000,
      counts: { topics, stepMs: 10 },
    }),
  );
  const assignments = (): number =>
    apps.flatMap(({ lines }) => lines.filter(({ message }) => message?.startsWith('assigned '))).length;
  try {
    await waitFor('both to share the tasks', () =>
      apps.every(({ state, lines }) => {
        const assigned = lines.findLast(({ message }) => message?.startsWith('assigned '));
        return state === 'RUNNING' && assigned?.message === 'assigned 2 tasks';
      }),
    );
    const before = assignments();
    // 1,000 for each of them, which is longer than the session.
    await sendIds(witness, topics.input, 0, 2000);
    await untilCommitted(witness, applicationId, topics.input);
    expect(assignments()).toBe(before);
    expect(apps.flatMap(({ lines }) => lines.filter(({ level }) => level === 'warn'))).toEqual([]);
    await Promise.all(apps.map((app) => app.end('SIGTERM')));
    expect(await judge(witness, topics, 2000)).toEqual(faultless);
  } finally {
    for (const { child } of apps) child.kill('SIGKILL');
  }
}, 180_000);
