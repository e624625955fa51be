// Global tables of a stream thread: read as a whole before its tasks begin, and kept up to date.
import { partitionName, RecordBatches, TaskCorruptedError } from '@activity/kafka';
import { afterEach, describe, expect, test } from 'vitest';
import { stringSerde, type Serde } from '../../api/serde.ts';
import { StreamsBuilder } from '../../dsl/streams-builder.ts';
import { noMetrics } from '../metrics.ts';
import { failurePolicy } from '../failure-policy.ts';
import { StreamThread } from './stream-thread.ts';
import { topicNames } from '../topic-names.ts';
import { FakeLog } from '../../testing/fake-log.ts';
import { logKafka } from '../../testing-support/log-kafka.ts';
import { threadSettings } from '../../testing-support/thread-settings.ts';
import { until } from '../../testing-support/thread-on-log.ts';
import type { StreamThreadOptions } from './thread-options.ts';

const strings = { key: stringSerde, value: stringSerde };
/** Refuses what begins with `!`. */
const picky: Serde<string> = {
  format: 'text',
  serialize: (value) => value,
  deserialize(text) {
    if (text.startsWith('!')) throw new TypeError(`cannot read ${text}`);
    return text;
  },
};

function append(log: FakeLog, topic: string, partition: number, key: string, value: string | null): void {
  const records = new RecordBatches();
  records.append(topic, partition, 1_000, key, value);
  log.append(records, []);
}

let running: StreamThread[] = [];

afterEach(async () => {
  await Promise.all(running.map((thread) => thread.close()));
  running = [];
});

interface Started {
  thread: StreamThread;
  states: string[];
  lines: string[];
  out: () => string[];
}

function start(log: FakeLog, settings: Partial<StreamThreadOptions> = {}): Started {
  const builder = new StreamsBuilder();
  const rows = builder.globalTable('rows', { key: stringSerde, value: picky }, { store: 'rows' });
  builder
    .stream('in', strings)
    .leftJoin(
      rows,
      (_key, value) => value,
      (value, row) => `${value}:${row ?? '-'}`,
    )
    .to('out', strings);
  const topology = builder.build();
  const states: string[] = [];
  const lines: string[] = [];
  const thread = new StreamThread({
    ...threadSettings(),
    topology,
    names: topicNames('app', topology),
    kafka: logKafka({ log }),
    metrics: noMetrics,
    failures: failurePolicy({ onFailure: {}, deadLetterTopic: undefined }),
    now: Date.now,
    log: (_level, message) => lines.push(message),
    onState: (state) => states.push(state),
    ...settings,
  });
  running.push(thread);
  thread.start();
  const out = (): string[] => log.records('out', 0).map(({ value }) => String(value));
  return { thread, states, lines, out };
}

function newLog(): FakeLog {
  const log = new FakeLog();
  log.create('in', 1);
  log.create('out', 1);
  log.create('rows', 3);
  return log;
}

describe('global tables', () => {
  test('are there as a whole before the first record is joined, of every partition', async () => {
    const log = newLog();
    for (let n = 0; n < 2_000; n++) append(log, 'rows', n % 3, `k${n}`, `row ${n}`);
    append(log, 'rows', 1, 'k1', null);
    for (const key of ['k0', 'k1', 'k1999']) append(log, 'in', 0, 'x', key);
    const { out, lines, states } = start(log);
    await until(() => out().length === 3, lines);
    expect(out()).toEqual(['k0:row 0', 'k1:-', 'k1999:row 1999']);
    expect(states).toEqual(['REBALANCING', 'RESTORING', 'RUNNING']);
  });

  test('report while they are read to their ends, and not after', async () => {
    const log = newLog();
    for (const key of ['a', 'b', 'c']) append(log, 'rows', 0, key, 'row');
    const calls: unknown[][] = [];
    const { thread, lines } = start(log, {
      onRestore: ({ method, restore }) => calls.push([method, ...Object.values(restore)]),
    });
    await until(() => thread.state === 'RUNNING', lines);
    append(log, 'rows', 0, 'd', 'row');
    await until(() => thread.globals()[0]?.reader.read({ kind: 'get', key: 'd' }).length === 1, lines);
    expect(calls.filter(([, , , partition]) => partition === 0)).toEqual([
      ['onRestoreStart', 'rows', 'rows', 0, 0, 3],
      ['onBatchRestored', 'rows', 'rows', 0, 2, 3],
      ['onRestoreEnd', 'rows', 'rows', 0, 3],
    ]);
    expect(calls.filter(([, , , partition]) => partition === 1)).toEqual([
      ['onRestoreStart', 'rows', 'rows', 1, 0, 0],
      ['onRestoreEnd', 'rows', 'rows', 1, 0],
    ]);
    const { lines: more, thread: second } = start(newLog(), {
      index: 1,
      onRestore: () => calls.push(['no']),
    });
    await until(() => second.state === 'RUNNING', more);
    expect(calls).not.toContainEqual(['no']);
  });

  test('follow their topics', async () => {
    const log = newLog();
    const { thread, out, lines } = start(log);
    await until(() => thread.state === 'RUNNING', lines);
    append(log, 'rows', 2, 'a', 'new');
    await until(() => thread.globals()[0]?.reader.read({ kind: 'get', key: 'a' }).length === 1, lines);
    append(log, 'in', 0, 'x', 'a');
    await until(() => out().length === 1, lines);
    expect(out()).toEqual(['a:new']);
  });

  test('are read again from their beginning where their topic no longer has what comes next', async () => {
    const log = newLog();
    append(log, 'rows', 0, 'a', 'row');
    append(log, 'in', 0, 'x', 'a');
    const kafka = logKafka({ log });
    let isGone = false;
    const { thread, out, lines } = start(log, {
      kafka: {
        ...kafka,
        createFetcher() {
          const fetcher = kafka.createFetcher();
          return {
            ...fetcher,
            async fetch(positions, waitMs) {
              const isGlobal = positions.some(({ topic }) => topic === 'rows');
              if (isGlobal && !isGone && positions.some(({ offset }) => offset > 0)) {
                isGone = true;
                throw new TaskCorruptedError(
                  'OFFSET_OUT_OF_RANGE',
                  `fetching ${partitionName('rows', 0)} at 1`,
                );
              }
              return fetcher.fetch(positions, waitMs);
            },
          };
        },
      },
    });
    await until(() => isGone && out().length === 1, lines);
    await until(() => thread.globals()[0]?.reader.read({ kind: 'get', key: 'a' }).length === 1, lines);
    expect(thread.state).toBe('RUNNING');
  });

  test('end the thread at a record that cannot be read, or leave it out', async () => {
    const log = newLog();
    append(log, 'rows', 0, 'bad', '!');
    append(log, 'rows', 0, 'good', 'row');
    append(log, 'in', 0, 'x', 'good');
    const { thread, lines } = start(log);
    await until(() => thread.state === 'ERROR', lines);
    expect(lines.join('\n')).toContain('reading rows-0 at 0 for a global table: cannot read !');
    const failures = failurePolicy({
      onFailure: { deserialization: 'continue' },
      deadLetterTopic: undefined,
    });
    const { out, lines: more } = start(log, { failures });
    await until(() => out().length === 1, more);
    expect(out()).toEqual(['good:row']);
  });
});
