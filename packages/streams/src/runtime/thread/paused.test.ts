// A paused thread: nothing is processed and no punctuator called, everything else goes on.
import { RecordBatches } from '@activity/kafka';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { stringSerde } from '../../api/serde.ts';
import { StreamsBuilder } from '../../dsl/streams-builder.ts';
import type { FakeLog } from '../../testing/fake-log.ts';
import { closeThreads, startThread, until, type StartedThread } from '../../testing-support/thread-on-log.ts';

const strings = { key: stringSerde, value: stringSerde };

afterEach(closeThreads);

/** Counts by key and ticks every millisecond. */
function start(settings: Parameters<typeof startThread>[0]['settings'] = {}): StartedThread {
  const builder = new StreamsBuilder();
  const input = builder.stream('in', strings);
  input.groupByKey().count({ store: 'counts' });
  input
    .process<string, string>(
      () => ({
        init(context) {
          context.schedule(1, 'wall-clock', (timestamp) =>
            context.forward({ key: 'tick', value: 'tick', timestamp, headers: [] }),
          );
        },
        process() {},
      }),
      { name: 'ticker', ...strings },
    )
    .to('out');
  return startThread({ topology: builder.build(), inputs: [['1', '2', '3']], settings });
}

function add(log: FakeLog, value: string): void {
  const records = new RecordBatches();
  records.append('in', 0, 5_000, value, value);
  log.append(records, []);
}

const position = (log: FakeLog): number | undefined =>
  log.committed().find(({ topic }) => topic === 'in')?.offset;

test('what was processed is committed, and nothing else until it is resumed', async () => {
  const { thread, log, values, lines } = start();
  await until(() => position(log) === 3 && values('out').length > 0, lines);
  thread.setPaused(true);
  add(log, 'later');
  // What was in flight is committed.
  await sleep(60);
  const ticks = values('out').length;
  await sleep(60);
  expect([position(log), values('out').length, thread.state]).toEqual([3, ticks, 'RUNNING']);
  thread.setPaused(false);
  await until(() => position(log) === 4 && values('out').length > ticks, lines);
});

test('a thread that starts paused restores its stores', async () => {
  const restored: string[] = [];
  const { thread, log, values, lines } = start({ onRestore: ({ method }) => restored.push(method) });
  thread.setPaused(true);
  await until(() => thread.state === 'RUNNING', lines);
  await sleep(60);
  expect([position(log), values('out')]).toEqual([undefined, []]);
  expect(restored).toEqual(['onRestoreStart', 'onRestoreEnd']);
});
