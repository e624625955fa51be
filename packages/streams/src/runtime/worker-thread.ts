// A stream thread in a worker, seen from the application.
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { FatalError, RetriableError } from '../api/errors.ts';
import type { StoreRow } from '../state/committed-reader.ts';
import { readError } from './error-message.ts';
import type { RuntimeMetrics } from './metrics.ts';
import type { ThreadFigures } from './thread-figures.ts';
import type { RestoreEvent } from './restore-listener.ts';
import type { ThreadState } from './thread/thread-state.ts';
import type { ThreadHandle } from './thread-handle.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

/** What a worker is started with and whom it reports to. */
export interface WorkerThreadOptions {
  /** Passed to the worker: must survive structured cloning. */
  data: object;
  metrics: RuntimeMetrics;
  log: (level: 'debug' | 'info' | 'warn' | 'error', message: string, details?: object) => void;
  onState: (state: ThreadState, error?: Error) => void;
  /** Called while stores are restored. */
  onRestore?: ((event: RestoreEvent) => void) | undefined;
  /**
   * How long the worker may take to close, in milliseconds, before it is ended: what it has not committed is
   * processed again.
   * @default 60_000
   */
  closeWithinMs?: number;
}

/** The worker's side: source in the repository, JavaScript where the package is installed. */
const workerMain = import.meta.url.endsWith('.ts')
  ? new URL('./worker-main.ts', import.meta.url)
  : new URL('./worker-main.js', import.meta.url);

function noThread(): RetriableError {
  return new RetriableError('CONNECTION_LOST', 'reading a store: the thread has ended');
}

/** Starts a worker that runs one stream thread. */
export function workerThread({
  data,
  metrics,
  log,
  onState,
  onRestore,
  closeWithinMs = 60_000,
}: WorkerThreadOptions): ThreadHandle {
  const waiting = new Map<number, { resolve: (rows: StoreRow[]) => void; reject: (error: Error) => void }>();
  let asked: PromiseWithResolvers<ThreadFigures> | undefined;
  let worker: Worker | undefined;
  let exited: Promise<void> = Promise.resolve();
  let closing = false;
  let isRunning = false;
  let paused = false;
  let nextId = 0;

  function tell(message: ToWorker): void {
    worker?.postMessage(message);
  }

  function receive(message: FromWorker): void {
    switch (message.type) {
      case 'state':
        onState(message.state, message.error && readError(message.error));
        return;
      case 'log':
        log(message.level, message.message, message.details);
        return;
      case 'metrics':
        for (const [method, ...args] of message.calls)
          (metrics[method] as (...given: unknown[]) => void)(...args);
        return;
      case 'figures':
        asked?.resolve(message.figures);
        asked = undefined;
        return;
      case 'restore':
        onRestore?.(message.event);
        return;
      case 'rows': {
        const query = waiting.get(message.id);
        waiting.delete(message.id);
        if (message.rows) query?.resolve(message.rows);
        else if (message.error) query?.reject(readError(message.error));
        else query?.reject(new RetriableError('TIMED_OUT', 'reading a store: no answer'));
      }
    }
  }

  return {
    start() {
      worker = new Worker(workerMain, {
        workerData: { ...data, isPaused: paused, reportsRestoring: onRestore !== undefined },
        // Records live shortly and in great numbers: with room for them few are copied by the collector.
        resourceLimits: { maxYoungGenerationSizeMb: 192 },
      });
      isRunning = true;
      exited = new Promise((resolve) => worker?.once('exit', () => resolve()));
      worker.on('message', receive);
      worker.once('error', (error: Error) => {
        log('error', `worker thread failed: ${error.message}`, { error });
        onState('ERROR', error);
      });
      void exited.then(() => {
        isRunning = false;
        for (const { reject } of waiting.values()) reject(noThread());
        waiting.clear();
        asked?.reject(noThread());
        asked = undefined;
        if (!closing)
          onState('ERROR', new FatalError('PROCESSING_FAILED', 'a worker thread ended by itself'));
      });
    },
    setPaused(isPaused) {
      paused = isPaused;
      tell({ type: 'pause', isPaused });
    },
    query: (store, query) =>
      new Promise((resolve, reject) => {
        if (!isRunning) {
          reject(noThread());
          return;
        }
        const id = nextId++;
        waiting.set(id, { resolve, reject });
        tell({ type: 'query', id, store, query });
      }),
    figures() {
      if (!isRunning) return Promise.reject(noThread());
      if (!asked) {
        asked = Promise.withResolvers();
        tell({ type: 'figures' });
      }
      return asked.promise;
    },
    async close({ leave }) {
      closing = true;
      tell({ type: 'close', leave });
      const done = new AbortController();
      const { signal } = done;
      const overdue = sleep(closeWithinMs, true, { signal }).catch(() => false);
      const isOverdue = await Promise.race([exited.then(() => false), overdue]);
      done.abort();
      if (!isOverdue) return;
      log('warn', `a worker thread did not close in ${closeWithinMs} ms: it is ended`);
      await worker?.terminate();
    },
  };
}
