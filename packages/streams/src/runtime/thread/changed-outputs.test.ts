// The partitions of output topics: looked up before the first record, and changed while a thread runs.
import { partitionOf, RecordBatches, RetriableError } from '@activity/kafka';
import { afterEach, expect, test, vi } from 'vitest';
import { stringSerde } from '../../api/serde.ts';
import { StreamsBuilder } from '../../dsl/streams-builder.ts';
import { closeThreads, startThread, until, type StartedThread } from '../../testing-support/thread-on-log.ts';

const strings = { key: stringSerde, value: stringSerde };
/** A key of the second of two partitions. */
const key = ['a', 'b', 'c', 'd'].find((one) => partitionOf(Buffer.from(one), 2) === 1) ?? '';

afterEach(closeThreads);

/** A thread that copies from `in` to `out`; `out` has as many of its two partitions as `count` says. */
function start(count: () => number, metadataMaxAgeMs: number): StartedThread {
  const builder = new StreamsBuilder();
  builder.stream('in', strings).to('out', strings);
  const started = startThread({
    topology: builder.build(),
    inputs: [[], []],
    refuse: ({ records }) => {
      if (records.topics.get('out')?.has(1) && count() === 1)
        throw new RetriableError('BROKER_REFUSED', 'partition out-1 has no leader now');
    },
    settings: { metadataMaxAgeMs },
  });
  const { log } = started;
  vi.spyOn(log, 'partitions').mockImplementation((topic) => (topic === 'out' ? count() : 2));
  return started;
}

function send({ log }: StartedThread, value: string): void {
  const records = new RecordBatches();
  records.append('in', 0, 1_000, key, value);
  log.append(records, []);
}

test('a topic that was made again with fewer partitions is written to where it has some', async () => {
  let count = 2;
  const started = start(() => count, 600_000);
  const { values, lines } = started;
  send(started, '1');
  await until(() => values('out', 1).length === 1, lines);
  count = 1;
  send(started, '2');
  await until(() => values('out', 0).length === 1, lines);
  expect(values('out', 0)).toEqual(['2']);
});

test('partitions that were added are written to', async () => {
  let count = 1;
  const started = start(() => count, 50);
  const { values, lines } = started;
  send(started, '1');
  await until(() => values('out', 0).length === 1, lines);
  count = 2;
  await until(() => {
    send(started, 'more');
    return values('out', 1).length > 0;
  }, lines);
  expect(values('out', 0)[0]).toBe('1');
});

test('the topic of a sink is looked up before the first record', async () => {
  const builder = new StreamsBuilder();
  const asked: string[] = [];
  const askedBefore: boolean[] = [];
  builder
    .stream('in', strings)
    .peek(() => askedBefore.push(asked.includes('out')))
    .to('out', strings);
  const { values, lines, log } = startThread({ topology: builder.build(), inputs: [['1', '2']] });
  const partitions = log.partitions.bind(log);
  vi.spyOn(log, 'partitions').mockImplementation((topic) => {
    asked.push(topic);
    return partitions(topic);
  });
  await until(() => values('out').length === 2, lines);
  expect(askedBefore).toEqual([true, true]);
});
