// Whether a task waits for partitions that are empty.
import { RecordBatches, type FetchedPartition, type KafkaPort } from '@activity/kafka';
import { afterEach, describe, expect, test } from 'vitest';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { FakeLog } from '../testing/fake-log.ts';
import { logKafka } from '../testing-support/log-kafka.ts';
import { plus } from '../testing-support/join-cases.ts';
import { strings } from '../testing-support/oracles.ts';
import { threadSettings } from '../testing-support/thread-settings.ts';
import { until } from '../testing-support/thread-on-log.ts';
import { failurePolicy } from './failure-policy.ts';
import { TaskIdling } from './task-idling.ts';
import { StreamThread } from './thread/stream-thread.ts';
import { topicNames } from './topic-names.ts';

describe('a task', () => {
  const [unknown, behind, atEnd] = [{ unfetched: undefined }, { unfetched: 3 }, { unfetched: 0 }];

  test.each<[string, number, { unfetched: number | undefined }[], boolean]>([
    ['never waits', -1, [unknown, behind], false],
    ['waits until the broker has been asked', 0, [atEnd, unknown], true],
    ['waits for what the broker has', 0, [behind], true],
    ['goes on where the broker has nothing', 0, [atEnd], false],
    ['goes on where nothing is empty', 1_000, [], false],
  ])('%s', (_name, maxIdleMs, empty, waits) => {
    expect(new TaskIdling(maxIdleMs).waitsFor(empty)).toBe(waits);
  });

  test('waits so long for what is not there yet, from when the partition was empty', () => {
    let now = 5;
    const idling = new TaskIdling(100, () => now);
    expect(idling.waitsFor([atEnd])).toBe(true);
    now = 104;
    expect(idling.waitsFor([atEnd])).toBe(true);
    now = 105;
    expect(idling.waitsFor([atEnd])).toBe(false);
    expect(idling.waitsFor([])).toBe(false);
    expect(idling.waitsFor([atEnd])).toBe(true);
  });
});

describe('a join of a stream with a table', () => {
  let thread: StreamThread | undefined;

  afterEach(() => thread?.close());

  function append(log: FakeLog, topic: string, value: string, timestamp: number): void {
    const records = new RecordBatches();
    records.append(topic, 0, timestamp, 'k', value);
    log.append(records, []);
  }

  /** The broker's answers about the table have none of its records at first. */
  function lateTable(kafka: KafkaPort, answers: number): KafkaPort {
    return {
      ...kafka,
      createFetcher() {
        const fetcher = kafka.createFetcher();
        let left = answers;
        return {
          ...fetcher,
          async fetch(positions, maxWaitMs) {
            const found = await fetcher.fetch(positions, maxWaitMs);
            if (left-- <= 0) return found;
            return found.map((one): FetchedPartition =>
              one.topic === 'table' ? { ...one, nextOffset: one.fetchOffset, records: [] } : one,
            );
          },
        };
      },
    };
  }

  async function joined(maxTaskIdleMs: number): Promise<string[]> {
    const builder = new StreamsBuilder();
    builder.stream('stream', strings).leftJoin(builder.table('table', strings), plus).to('out', strings);
    const topology = builder.build();
    const names = topicNames('app', topology);
    const log = new FakeLog();
    for (const topic of ['stream', 'table', 'out']) log.create(topic, 1);
    for (const store of topology.stores) log.create(names.changelog(store), 1);
    append(log, 'table', 'row', 1);
    append(log, 'stream', 'record', 2);
    const lines: string[] = [];
    thread = new StreamThread({
      ...threadSettings(),
      topology,
      names,
      kafka: lateTable(logKafka({ log }), 20),
      failures: failurePolicy({ onFailure: {}, deadLetterTopic: undefined }),
      now: Date.now,
      log: (_level, message) => lines.push(message),
      onState: () => {},
      maxTaskIdleMs,
    });
    thread.start();
    await until(() => log.records('out', 0).length > 0, lines);
    return log.records('out', 0).map(({ value }) => String(value));
  }

  test('waits for the rows that the broker has', async () => {
    expect(await joined(0)).toEqual(['record+row']);
  });

  test('does not wait where it is told so', async () => {
    expect(await joined(-1)).toEqual(['record+-']);
  });
});
