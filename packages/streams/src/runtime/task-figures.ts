// The figures of tasks, for those of their thread.
import type { Task } from './task.ts';
import { mergeSizes, type PartitionLag, type StoreSize } from './thread-figures.ts';

/** The lag of each input partition of these tasks. */
export function lagsOf(tasks: readonly Task[]): PartitionLag[] {
  return tasks.flatMap((task) =>
    task.queues.map(({ topic, partition, unfetched, fetchedAt, size }) => {
      const lag = unfetched === undefined ? undefined : unfetched + size;
      return { topic, partition, lag, readAt: fetchedAt };
    }),
  );
}

/** The sizes of the stores of these tasks, added up by store. */
export function sizesOf(tasks: readonly Task[]): StoreSize[] {
  return mergeSizes(
    tasks.flatMap(({ stores }) =>
      stores.map(({ store }) => {
        return { store: store.name, tasks: 1, entries: store.size(), bytes: store.bytes(), remaining: 0 };
      }),
    ),
  );
}
