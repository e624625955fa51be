// The restorer: brings stores up to the end of their changelogs, a step at a time, while other tasks run.
import { partitionName, type Fetcher, type KafkaPort, type TopicPartition } from '@activity/kafka';
import { RetriableError, TaskCorruptedError } from '../api/errors.ts';
import type { RuntimeMetrics } from './metrics.ts';
import type { RestoreEvent, RestoringStore } from './restore-listener.ts';
import type { OpenStore } from './task-stores.ts';
import type { Task } from './task.ts';

interface Restoring {
  task: Task;
  open: OpenStore;
  changelog: TopicPartition;
  position: number;
  end: number;
  /** How many records were read. */
  restored: number;
}

/** Where changelogs begin and end. */
export type ChangelogBounds = (changelog: TopicPartition) => { start: number; end: number };

const maxWaitMs = 100;

/** Restores the stores of tasks that were just opened or have lost an open transaction. */
export class Restorer {
  readonly #kafka: KafkaPort;
  readonly #metrics: RuntimeMetrics;
  readonly #onRestore: (event: RestoreEvent) => void;
  readonly #restoring = new Map<string, Restoring>();
  #fetcher: Fetcher | undefined;
  #fetching: Promise<void> | undefined;

  constructor(
    kafka: KafkaPort,
    metrics: RuntimeMetrics,
    onRestore: (event: RestoreEvent) => void = () => {},
  ) {
    this.#kafka = kafka;
    this.#metrics = metrics;
    this.#onRestore = onRestore;
  }

  /**
   * Where the changelogs of tasks begin and end. The end is past everything written to the changelog by now:
   * records of a transaction whose outcome is still open are waited for, never skipped.
   */
  bounds(tasks: readonly Task[]): Promise<ChangelogBounds> {
    return this.#endsOf(tasks.flatMap(({ stores }) => stores.flatMap(({ changelog }) => changelog ?? [])));
  }

  /** Begins to restore a task, whose changelogs are among these. */
  async begin(task: Task, bounds?: ChangelogBounds): Promise<void> {
    const ends = bounds ?? (await this.bounds([task]));
    const logged = task.stores.flatMap((open) =>
      open.changelog ? [{ open, changelog: open.changelog }] : [],
    );
    for (const { open, changelog } of logged) {
      const name = partitionName(changelog.topic, changelog.partition);
      const { start, end } = ends(changelog);
      let position = open.store.position();
      if (position > 0 && isOutside(position, start, end)) {
        await open.store.clear();
        position = 0;
      }
      const restoring = { task, open, changelog, position: Math.max(position, start), end, restored: 0 };
      this.#restoring.set(name, restoring);
      this.#started(restoring);
    }
  }

  /** Whether a task's stores are not at the end yet. */
  isRestoring(task: Task): boolean {
    for (const restoring of this.#restoring.values()) {
      if (restoring.task === task && restoring.position < restoring.end) return true;
    }
    return false;
  }

  /** How many offsets of a store's changelogs are still to be restored, by the store's name. */
  remaining(): Map<string, number> {
    const remaining = new Map<string, number>();
    for (const { open, position, end } of this.#restoring.values()) {
      const { name } = open.spec;
      remaining.set(name, (remaining.get(name) ?? 0) + Math.max(0, end - position));
    }
    return remaining;
  }

  /** Whether there is anything to restore. */
  get active(): boolean {
    for (const { position, end } of this.#restoring.values()) if (position < end) return true;
    return false;
  }

  /** Restores from one response of the broker. */
  async step(): Promise<void> {
    this.#fetching ??= this.#fetchOnce().finally(() => (this.#fetching = undefined));
    await this.#fetching;
  }

  /** Forgets a task that was closed. */
  drop(task: Task): void {
    for (const [name, restoring] of this.#restoring) {
      if (restoring.task !== task) continue;
      this.#restoring.delete(name);
      this.#suspended(restoring);
    }
  }

  async close(): Promise<void> {
    this.#restoring.clear();
    await this.#fetcher?.close();
    this.#fetcher = undefined;
  }

  async #fetchOnce(): Promise<void> {
    for (const [name, { position, end }] of this.#restoring)
      if (position >= end) this.#restoring.delete(name);
    const wanted = [...this.#restoring.values()];
    if (wanted.length === 0) return;
    this.#fetcher ??= this.#kafka.createFetcher();
    const positions = wanted.map(({ changelog, position }) => ({ ...changelog, offset: position }));
    const answers = await this.#fetcher.fetch(positions, maxWaitMs).catch(async (error: unknown) => {
      if (!(error instanceof TaskCorruptedError)) throw error;
      await this.#beginAgain(wanted);
      return [];
    });
    for (const { topic, partition, fetchOffset, records, nextOffset } of answers) {
      const restoring = this.#restoring.get(partitionName(topic, partition));
      if (!restoring || restoring.position !== fetchOffset) continue;
      restoring.open.store.restore(records, nextOffset);
      restoring.position = nextOffset;
      const remaining = Math.max(0, restoring.end - nextOffset);
      this.#metrics.restored(restoring.task.id, restoring.open.spec.name, records.length, remaining);
      this.#batchRestored(restoring, records);
    }
  }

  /** Clears the stores whose changelogs no longer have their positions. The others keep their state. */
  async #beginAgain(wanted: readonly Restoring[]): Promise<void> {
    const ends = await this.#endsOf(wanted.map(({ changelog }) => changelog));
    const outside = wanted.flatMap((restoring) => {
      const { start, end } = ends(restoring.changelog);
      return isOutside(restoring.position, start, end) ? [{ restoring, start, end }] : [];
    });
    if (outside.length === 0) {
      const names = wanted.map(({ changelog }) => partitionName(changelog.topic, changelog.partition));
      const message = `restoring ${names.join(', ')}: the broker refused an offset that is in the log`;
      throw new RetriableError('BROKER_REFUSED', message);
    }
    for (const { restoring, start, end } of outside) {
      // Its task was closed, or goes back, while this fetch was in flight.
      const { topic, partition } = restoring.changelog;
      if (this.#restoring.get(partitionName(topic, partition)) !== restoring) continue;
      await restoring.open.store.clear();
      this.#suspended(restoring);
      restoring.position = start;
      restoring.end = end;
      restoring.restored = 0;
      this.#started(restoring);
    }
  }

  // ---- reports

  #started(restoring: Restoring): void {
    const { position, end } = restoring;
    const restore = { ...storeOf(restoring), startOffset: position, endOffset: Math.max(position, end) };
    this.#onRestore({ method: 'onRestoreStart', restore });
    this.#endedWhereComplete(restoring);
  }

  #batchRestored(restoring: Restoring, records: readonly { offset: number }[]): void {
    const last = records.at(-1);
    restoring.restored += records.length;
    if (last) {
      const restore = { batchEndOffset: last.offset, numRestored: records.length };
      this.#onRestore({ method: 'onBatchRestored', restore: { ...storeOf(restoring), ...restore } });
    }
    this.#endedWhereComplete(restoring);
  }

  #endedWhereComplete(restoring: Restoring): void {
    const { position, end, restored } = restoring;
    if (position < end) return;
    const restore = { ...storeOf(restoring), totalRestored: restored };
    this.#onRestore({ method: 'onRestoreEnd', restore });
  }

  #suspended(restoring: Restoring): void {
    const { position, end, restored } = restoring;
    if (position >= end) return;
    const restore = { ...storeOf(restoring), totalRestored: restored };
    this.#onRestore({ method: 'onRestoreSuspended', restore });
  }

  /** Where changelogs begin and end. */
  async #endsOf(partitions: readonly TopicPartition[]): Promise<ChangelogBounds> {
    const [starts, ends] = await Promise.all([
      this.#kafka.listOffsets(partitions, 'earliest'),
      this.#kafka.listOffsets(partitions, 'latest'),
    ]);
    return ({ topic, partition }) => {
      const name = partitionName(topic, partition);
      return { start: starts.get(name) ?? 0, end: ends.get(name) ?? 0 };
    };
  }
}

function storeOf({ open, changelog }: Restoring): RestoringStore {
  return { store: open.spec.name, topic: changelog.topic, partition: changelog.partition };
}

/**
 * Whether a changelog has nothing at a position: it is another changelog, or it was cleaned past the
 * position.
 */
function isOutside(position: number, start: number, end: number): boolean {
  return position < start || position > end;
}
