// A handle on a stream thread, wherever it runs: in this thread, or in a worker.
import type { ThreadFigures } from './thread-figures.ts';
import type { StoreQuery, StoreRow } from '../state/committed-reader.ts';

/** What the application does with each of its threads. */
export interface ThreadHandle {
  start(): void;
  /** Whether records are processed and punctuators called; before `start()` too. */
  setPaused(isPaused: boolean): void;
  /** The committed rows of a store, of all tasks that run in this thread. */
  query(store: string, query: StoreQuery): Promise<StoreRow[]>;
  /** What the thread does now. */
  figures(): Promise<ThreadFigures>;
  close(options: { leave: boolean }): Promise<void>;
}
