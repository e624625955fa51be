// The restorer, on a changelog in memory: stores come up to its end, whatever was cleaned or replaced
// meanwhile.
import { describe, expect, test } from 'vitest';
import type { FetchedPartition, Fetcher, KafkaPort } from '@activity/kafka';
import { TaskCorruptedError } from '../api/errors.ts';
import type { SourceRecord } from '../api/record.ts';
import { numberSerde, stringSerde } from '../api/serde.ts';
import { MemoryState } from '../state/memory-state.ts';
import { cacheBudget } from '../state/cache-budget.ts';
import { TaskKeyValueStore } from '../state/key-value-store.ts';
import { noMetrics } from './metrics.ts';
import type { RestoreEvent } from './restore-listener.ts';
import { Restorer } from './restorer.ts';
import type { OpenStore } from './task-stores.ts';
import type { Task } from './task.ts';

/** A changelog partition that can be cleaned and cut. */
class Changelog {
  start = 0;
  end: number;
  /** What a read_committed reader sees; less than the end while a transaction is open. */
  stable: number;
  readonly asked: number[] = [];
  /** The broker refuses every offset. */
  refuses = false;

  constructor(end: number) {
    this.end = end;
    this.stable = end;
  }

  read(offset: number, partition: number): FetchedPartition {
    this.asked.push(offset);
    if (this.refuses || offset < this.start || offset > this.end) {
      throw new TaskCorruptedError('OFFSET_OUT_OF_RANGE', 'gone');
    }
    const nextOffset = Math.min(this.stable, offset + 10);
    const records = Array.from({ length: Math.max(0, nextOffset - offset) }, (_, i): SourceRecord => {
      const n = offset + i;
      return {
        offset: n,
        timestamp: n,
        key: Buffer.from(`key ${n % 7}`),
        value: Buffer.from(`${n}`),
        headers: [],
      };
    });
    const { stable: endOffset } = this;
    const ends = { highWatermark: endOffset, endOffset };
    return { topic: 'log', partition, fetchOffset: offset, nextOffset, ...ends, records };
  }
}

/** A port whose topic has these partitions. */
function portOf(...changelogs: readonly Changelog[]): KafkaPort {
  const at = (partition: number): Changelog => changelogs[partition] as Changelog;
  const fetcher: Fetcher = {
    fetch: async (positions) =>
      positions.map(({ partition, offset }) => at(partition).read(offset, partition)),
    close: async () => {},
  };
  const port: Pick<KafkaPort, 'listOffsets' | 'createFetcher'> = {
    listOffsets: async (partitions, of) =>
      new Map(
        partitions.map(({ topic, partition }) => [
          `${topic}-${partition}`,
          of === 'earliest' ? at(partition).start : at(partition).end,
        ]),
      ),
    createFetcher: () => fetcher,
  };
  return port as KafkaPort;
}

/** A task with one store, whose changelog is this partition. */
function taskOf(
  state = new MemoryState(),
  partition = 0,
): { task: Task; store: TaskKeyValueStore<string, number> } {
  const changelog = { topic: 'log', partition };
  const store = new TaskKeyValueStore({
    name: 'store',
    keySerde: stringSerde,
    valueSerde: numberSerde,
    committed: state,
    changelog,
    cache: cacheBudget(0),
  });
  const open: Partial<OpenStore> = { spec: { name: 'store' } as OpenStore['spec'], store, changelog };
  const task: Partial<Task> = { id: '0_0', stores: [open as OpenStore] };
  return { task: task as Task, store };
}

/** Restores to the end; a restorer that never gets there fails. */
async function restore(restorer: Restorer, task: Task): Promise<number> {
  for (let steps = 0; steps < 50; steps++) {
    if (!restorer.isRestoring(task)) return steps;
    await restorer.step();
  }
  throw new Error('still restoring after 50 steps');
}

describe('restoring', () => {
  test('brings a new store to the end of its changelog, and reports how far it is', async () => {
    const changelog = new Changelog(25);
    const remaining: number[] = [];
    const metrics = {
      ...noMetrics,
      restored: (_t: string, _s: string, _n: number, left: number) => remaining.push(left),
    };
    const restorer = new Restorer(portOf(changelog), metrics);
    const { task, store } = taskOf();
    await restorer.begin(task);
    expect(await restore(restorer, task)).toBe(3);
    expect([...store.all()].map(([, n]) => n).toSorted((a, b) => a - b)).toEqual([
      18, 19, 20, 21, 22, 23, 24,
    ]);
    expect(store.position()).toBe(25);
    expect(remaining).toEqual([15, 5, 0]);
  });

  test('goes on from the position of the state it finds', async () => {
    const changelog = new Changelog(25);
    const state = new MemoryState();
    state.apply([], 20);
    const { task, store } = taskOf(state);
    const restorer = new Restorer(portOf(changelog), noMetrics);
    await restorer.begin(task);
    expect(await restore(restorer, task)).toBe(1);
    expect([...store.all()]).toHaveLength(5);
  });

  test('has nothing to do for an empty changelog, or for state that is at its end', async () => {
    for (const end of [0, 25]) {
      const state = new MemoryState();
      state.apply([], end);
      const restorer = new Restorer(portOf(new Changelog(end)), noMetrics);
      const { task } = taskOf(state);
      await restorer.begin(task);
      expect([restorer.isRestoring(task), restorer.active]).toEqual([false, false]);
    }
  });

  test('waits for a transaction that is open, and never skips it', async () => {
    const changelog = new Changelog(25);
    changelog.stable = 12;
    const restorer = new Restorer(portOf(changelog), noMetrics);
    const { task, store } = taskOf();
    await restorer.begin(task);
    for (let i = 0; i < 10; i++) await restorer.step();
    expect([restorer.isRestoring(task), store.position()]).toEqual([true, 12]);
    changelog.stable = 25;
    await restore(restorer, task);
    expect(store.position()).toBe(25);
  });

  test.each<[string, number, number]>([
    ['ends before the state does: it is another', 0, 10],
    ['has lost what comes next', 22, 25],
  ])('begins again where the changelog %s', async (_why, start, end) => {
    const changelog = new Changelog(end);
    changelog.start = start;
    const state = new MemoryState();
    state.apply([{ segment: 0, key: 'of another life', data: '1', timestamp: 0 }], 20);
    const { task, store } = taskOf(state);
    const restorer = new Restorer(portOf(changelog), noMetrics);
    await restorer.begin(task);
    await restore(restorer, task);
    expect(store.get('of another life')).toBeUndefined();
    expect(store.position()).toBe(end);
    expect(changelog.asked[0]).toBe(start);
  });

  test('begins again from what is left when the changelog is cleaned meanwhile', async () => {
    const changelog = new Changelog(40);
    const restorer = new Restorer(portOf(changelog), noMetrics);
    const { task, store } = taskOf();
    await restorer.begin(task);
    await restorer.step();
    changelog.start = 30;
    await restore(restorer, task);
    expect(changelog.asked).toEqual([0, 10, 30]);
    expect([...store.all()]).toHaveLength(7);
  });

  test('keeps a store whose own changelog has its position when the changelog of another is cleaned', async () => {
    const [cleaned, whole] = [new Changelog(40), new Changelog(25)];
    const restorer = new Restorer(portOf(cleaned, whole), noMetrics);
    const other = taskOf(new MemoryState(), 1);
    other.store.restore([], 10);
    const { task: one, store } = taskOf();
    const both: Partial<Task> = { id: one.id, stores: [...one.stores, ...other.task.stores] };
    const task = both as Task;
    await restorer.begin(task);
    await restorer.step();
    cleaned.start = 30;
    await restore(restorer, task);
    expect([store.position(), other.store.position()]).toEqual([40, 25]);
    expect(cleaned.asked).toEqual([0, 10, 30]);
    // Never from its beginning: it was not cleared.
    expect(whole.asked.toSorted((a, b) => a - b)[0]).toBe(10);
  });

  test('tries again later where the broker refuses an offset that is in the log', async () => {
    const changelog = new Changelog(40);
    const restorer = new Restorer(portOf(changelog), noMetrics);
    const { task, store } = taskOf();
    await restorer.begin(task);
    await restorer.step();
    changelog.refuses = true;
    await expect(restorer.step()).rejects.toMatchObject({ code: 'BROKER_REFUSED' });
    expect(store.position()).toBe(10);
  });

  test('begins again where the changelog has lost its end meanwhile', async () => {
    const changelog = new Changelog(40);
    const restorer = new Restorer(portOf(changelog), noMetrics);
    const { task, store } = taskOf();
    await restorer.begin(task);
    await restorer.step();
    changelog.end = changelog.stable = 5;
    await restore(restorer, task);
    expect(changelog.asked).toEqual([0, 10, 0]);
    expect(store.position()).toBe(5);
  });

  test('of a task that was closed is forgotten', async () => {
    const restorer = new Restorer(portOf(new Changelog(40)), noMetrics);
    const { task } = taskOf();
    await restorer.begin(task);
    restorer.drop(task);
    expect([restorer.isRestoring(task), restorer.active]).toEqual([false, false]);
    await restorer.close();
  });
});

describe('reports', () => {
  const of = { store: 'store', topic: 'log', partition: 0 };

  function listening(...changelogs: readonly Changelog[]): { restorer: Restorer; events: RestoreEvent[] } {
    const events: RestoreEvent[] = [];
    const restorer = new Restorer(portOf(...changelogs), noMetrics, (event) => events.push(event));
    return { restorer, events };
  }

  test('where restoring begins, each batch, and its end', async () => {
    const { restorer, events } = listening(new Changelog(25));
    const state = new MemoryState();
    state.apply([], 8);
    const { task } = taskOf(state);
    await restorer.begin(task);
    await restore(restorer, task);
    expect(events).toEqual([
      { method: 'onRestoreStart', restore: { ...of, startOffset: 8, endOffset: 25 } },
      { method: 'onBatchRestored', restore: { ...of, batchEndOffset: 17, numRestored: 10 } },
      { method: 'onBatchRestored', restore: { ...of, batchEndOffset: 24, numRestored: 7 } },
      { method: 'onRestoreEnd', restore: { ...of, totalRestored: 17 } },
    ]);
    restorer.drop(task);
    expect(events).toHaveLength(4);
  });

  test('a store that has everything', async () => {
    const { restorer, events } = listening(new Changelog(25));
    const state = new MemoryState();
    state.apply([], 25);
    await restorer.begin(taskOf(state).task);
    expect(events).toEqual([
      { method: 'onRestoreStart', restore: { ...of, startOffset: 25, endOffset: 25 } },
      { method: 'onRestoreEnd', restore: { ...of, totalRestored: 0 } },
    ]);
  });

  test('a task that is closed before its stores are complete', async () => {
    const { restorer, events } = listening(new Changelog(25));
    const { task } = taskOf();
    await restorer.begin(task);
    await restorer.step();
    restorer.drop(task);
    expect(events.at(-1)).toEqual({ method: 'onRestoreSuspended', restore: { ...of, totalRestored: 10 } });
  });

  test('that restoring begins again where the changelog is cleaned meanwhile', async () => {
    const changelog = new Changelog(40);
    const { restorer, events } = listening(changelog);
    const { task } = taskOf();
    await restorer.begin(task);
    await restorer.step();
    changelog.start = 30;
    await restore(restorer, task);
    expect(events.slice(2)).toEqual([
      { method: 'onRestoreSuspended', restore: { ...of, totalRestored: 10 } },
      { method: 'onRestoreStart', restore: { ...of, startOffset: 30, endOffset: 40 } },
      { method: 'onBatchRestored', restore: { ...of, batchEndOffset: 39, numRestored: 10 } },
      { method: 'onRestoreEnd', restore: { ...of, totalRestored: 10 } },
    ]);
  });
});
