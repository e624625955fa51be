// A clock that is set back: what is done every so often goes on.
import { expect, test } from 'vitest';
import { Purger } from '../purger.ts';
import { StateFlush } from './state-flush.ts';
import { noMetrics } from '../metrics.ts';
import type { Task } from '../task.ts';
import type { TaskSet } from './task-set.ts';

const hour = 3_600_000;

test('state is flushed at the next look, and then every interval', async () => {
  let time = 10 * hour;
  let flushes = 0;
  const store = {
    flush: async () => void flushes++,
    unflushed: () => 1,
    unflushedBytes: () => 1,
  };
  const tasks = { all: () => [{ stores: [{ store }] }], running: () => [] } as unknown as TaskSet;
  const flush = new StateFlush(tasks, {
    now: () => time,
    stateFlushMs: 5_000,
    maxUnflushedChanges: 100,
    maxUnflushedBytes: 1_000,
    metrics: noMetrics,
  });
  const after: number[] = [];
  for (const wait of [4_999, 1, -hour, 4_999, 1]) {
    time += wait;
    await flush.run();
    await new Promise(setImmediate);
    after.push(flushes);
  }
  expect(after).toEqual([0, 1, 2, 2, 3]);
});

test('used-up records are deleted at the next look, and then every interval', async () => {
  let time = 10 * hour;
  let deletions = 0;
  const purger = new Purger({
    kafka: {
      offsetsForTimes: async () => new Map(),
      deleteRecords: async () => void deletions++,
    },
    isRepartition: () => true,
    intervalMs: 30_000,
    now: () => time,
    log: () => {},
  });
  const after: number[] = [];
  for (const wait of [29_999, 1, -hour, 29_999, 1]) {
    time += wait;
    purger.run((): readonly Task[] => []);
    await purger.close();
    after.push(deletions);
  }
  expect(after).toEqual([0, 1, 2, 2, 3]);
});
