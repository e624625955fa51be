// What the application and its worker threads tell each other.
import type { StoreQuery, StoreRow } from '../state/committed-reader.ts';
import type { ErrorMessage } from './error-message.ts';
import type { RuntimeMetrics } from './metrics.ts';
import type { ThreadFigures } from './thread-figures.ts';
import type { RestoreEvent } from './restore-listener.ts';
import type { ThreadState } from './thread/thread-state.ts';

/** One call of a metric, made in a worker and repeated in the application. */
export type MetricCall = {
  [M in keyof RuntimeMetrics]: [method: M, ...args: Parameters<RuntimeMetrics[M]>];
}[keyof RuntimeMetrics];

/** From a worker. */
export type FromWorker =
  | { type: 'state'; state: ThreadState; error?: ErrorMessage }
  | { type: 'log'; level: 'debug' | 'info' | 'warn' | 'error'; message: string; details?: object }
  | { type: 'metrics'; calls: MetricCall[] }
  | { type: 'figures'; figures: ThreadFigures }
  | { type: 'restore'; event: RestoreEvent }
  | { type: 'rows'; id: number; rows?: StoreRow[]; error?: ErrorMessage };

/** To a worker. */
export type ToWorker =
  | { type: 'query'; id: number; store: string; query: StoreQuery }
  | { type: 'figures' }
  | { type: 'pause'; isPaused: boolean }
  | { type: 'close'; leave: boolean };
