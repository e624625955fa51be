// The figures of a stream thread and of an instance: records along edges, where records stop, lags, sizes.
import { afterEach, expect, test } from 'vitest';
import type { ProcessorContext } from '../../api/processor.ts';
import { stringSerde } from '../../api/serde.ts';
import { StreamsBuilder } from '../../dsl/streams-builder.ts';
import { closeThreads, startThread, until } from '../../testing-support/thread-on-log.ts';
import type { Topology } from '../../topology/topology.ts';
import { InstanceFigures } from '../instance-figures.ts';
import { addLags, mergeLags, type ThreadFigures } from '../thread-figures.ts';
import type { ThreadHandle } from '../thread-handle.ts';

const strings = { key: stringSerde, value: stringSerde };

afterEach(closeThreads);

/** `x…` throws in the second step, `d…` is a dead letter of the third, `z…` is dropped by it. */
function topology(): Topology {
  const builder = new StreamsBuilder();
  const { odd, even } = builder
    .stream('in', { ...strings, name: 'read' })
    .filter((value) => value !== 'skip', { name: 'some' })
    .mapValues(
      (value) => {
        if (value.startsWith('x')) throw new Error('no x');
        return value;
      },
      { name: 'strict', value: stringSerde },
    )
    .processValues<string>(
      () => {
        let context: ProcessorContext<string, string>;
        return {
          init: (given) => void (context = given),
          process(record) {
            if (record.value.startsWith('d')) context.deadLetter('bad', 'a d');
            else if (record.value.startsWith('z')) context.dropped('a z');
            else context.forward(record);
          },
        };
      },
      { name: 'judge', value: stringSerde },
    )
    .split({ name: 'parity' })
    .branch('even', (value) => Number(value) % 2 === 0)
    .defaultBranch('odd');
  even.to('out', { ...strings, name: 'write' });
  odd.groupByKey().count({ store: 'counts' });
  return builder.build();
}

test('counts the records along each edge, and those that stop at a node; the lag goes to 0', async () => {
  const values = ['1', '2', '3', 'skip', 'x', 'd', 'd', 'z', '4', '6'];
  const { thread, lines } = startThread({
    topology: topology(),
    inputs: [values, ['5']],
    failures: { onFailure: { processing: 'deadLetter' }, deadLetterTopic: 'dead' },
  });
  const read = (): ThreadFigures => thread.figures();
  await until(() => read().topics[0]?.unknown === 0 && read().topics[0]?.lag === 0, lines);
  const { edges, nodes, tasks, idleTasks, topics } = read();
  const byEdge = Object.fromEntries(
    edges.map(({ from, output, to, records }) => [`${from} ${output ?? ''}> ${to}`, records]),
  );
  expect(byEdge).toEqual({
    'in > read': 11,
    'read > some': 11,
    'some > strict': 10,
    'strict > judge': 9,
    'judge > parity': 6,
    'parity even> write': 3,
    'parity odd> KSTREAM-AGGREGATE-0000000006': 3,
  });
  expect(nodes.filter(({ deadLettered, dropped }) => deadLettered + dropped > 0)).toEqual([
    { node: 'strict', deadLettered: 1, dropped: 0, late: 0 },
    { node: 'judge', deadLettered: 2, dropped: 1, late: 0 },
  ]);
  expect([tasks, idleTasks]).toEqual([2, 0]);
  expect(topics).toEqual([
    {
      topic: 'in',
      partitions: 2,
      unknown: 0,
      lag: 0,
      worst: { partition: 0, lag: 0 },
      readAt: expect.any(Number) as number,
    },
  ]);
});

test('adds up lags, and names the partition that is behind most, and when the oldest was read', () => {
  const lags = addLags([
    { topic: 'a', partition: 0, lag: 5, readAt: 20 },
    { topic: 'a', partition: 1, lag: undefined, readAt: 1 },
    { topic: 'b', partition: 0, lag: 0, readAt: 30 },
  ]);
  const others = addLags([{ topic: 'a', partition: 2, lag: 70, readAt: 10 }]);
  expect(mergeLags([...lags, ...others])).toEqual([
    { topic: 'a', partitions: 3, unknown: 1, lag: 75, worst: { partition: 2, lag: 70 }, readAt: 10 },
    { topic: 'b', partitions: 1, unknown: 0, lag: 0, worst: { partition: 0, lag: 0 }, readAt: 30 },
  ]);
});

test('adds up threads; one that does not reply is shown as it was, with the time', async () => {
  const figuresOf = (records: number): ThreadFigures => ({
    tasks: 1,
    idleTasks: 0,
    topics: [],
    stores: [{ store: 's', tasks: 1, entries: records, bytes: 10, remaining: 0 }],
    edges: [{ from: 'a', output: undefined, to: 'b', records }],
    nodes: [{ node: 'b', deadLettered: 1, dropped: 0, late: 0 }],
  });
  let busy = false;
  let asked = 0;
  function handleOf(figures: () => Promise<ThreadFigures>): ThreadHandle {
    return { start() {}, query: async () => [], setPaused: () => {}, close: async () => {}, figures };
  }
  const handles = [
    handleOf(async () => figuresOf(1)),
    handleOf(() => {
      asked++;
      return busy ? new Promise(() => {}) : Promise.resolve(figuresOf(2));
    }),
  ];
  const figures = new InstanceFigures(() => handles.map((handle) => ({ state: 'RUNNING', handle })));
  const first = await figures.read();
  expect(first.edges).toEqual([{ from: 'a', output: undefined, to: 'b', records: 3 }]);
  expect(first.nodes).toEqual([{ node: 'b', deadLettered: 2, dropped: 0, late: 0 }]);
  expect(first.stores).toEqual([{ store: 's', tasks: 2, entries: 3, bytes: 20, remaining: 0 }]);
  // Many who ask at once cost one question.
  expect(await figures.read()).toBe(first);
  busy = true;
  await expect.poll(async () => (await figures.read()) !== first, { timeout: 5000 }).toBe(true);
  const second = await figures.read();
  expect(second.edges).toEqual(first.edges);
  expect(second.threads[1]?.readAt).toBeLessThan(second.at - 500);
  expect(second.threads[0]?.readAt).toBeGreaterThan(first.threads[0]?.readAt ?? Infinity);
  expect(asked).toBe(2);
});
