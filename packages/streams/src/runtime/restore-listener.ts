// What an application is told while the stores of its tasks are restored.
import { textOf } from './error-message.ts';

/** A store that is restored, and the partition that it is restored from. */
export interface RestoringStore {
  /** The store's name. */
  store: string;
  /** The changelog; of a global table, its topic. */
  topic: string;
  partition: number;
}

/**
 * Called while stores are restored, by each thread's tasks, in the thread that called `createStreams`. Every
 * restoration begins with `onRestoreStart` and ends with `onRestoreEnd` or `onRestoreSuspended`. What a
 * function throws is logged, and restoring goes on. Global tables are restored when a thread starts; the
 * calls are those of the first thread.
 * @example
 * const restoreListener: StateRestoreListener = {
 *   onRestoreEnd: ({ store, partition, totalRestored }) =>
 *     console.log(`${store} of partition ${partition}: ${totalRestored} records`),
 * };
 */
export interface StateRestoreListener {
  /**
   * A store begins to read its changelog at `startOffset`. `endOffset` is the offset after the last record;
   * a store that has everything already has the same `startOffset`.
   */
  onRestoreStart?(restore: RestoringStore & { startOffset: number; endOffset: number }): void;
  /** `numRestored` records were read, the last of which has `batchEndOffset`. */
  onBatchRestored?(restore: RestoringStore & { batchEndOffset: number; numRestored: number }): void;
  /** The store is complete after `totalRestored` records. */
  onRestoreEnd?(restore: RestoringStore & { totalRestored: number }): void;
  /**
   * The store is not complete: its task moves to another thread, the application closes, or restoring begins
   * again after a failure.
   */
  onRestoreSuspended?(restore: RestoringStore & { totalRestored: number }): void;
}

type Methods = Required<StateRestoreListener>;

/** One call of a {@link StateRestoreListener}, as a thread reports it. */
export type RestoreEvent = {
  [M in keyof Methods]: { method: M; restore: Parameters<Methods[M]>[0] };
}[keyof Methods];

/** Calls the listener; undefined where there is none. */
export function restoreNotifier(
  listener: StateRestoreListener | undefined,
  log: (level: 'error', message: string, details?: object) => void,
): ((event: RestoreEvent) => void) | undefined {
  if (!listener) return undefined;
  return ({ method, restore }) => {
    try {
      (listener[method] as ((restore: object) => void) | undefined)?.call(listener, restore);
    } catch (error) {
      log('error', `${method} of the restore listener failed: ${textOf(error)}`, { error });
    }
  };
}
