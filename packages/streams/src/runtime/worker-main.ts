// The worker's side: builds the topology from its module and runs one stream thread.
import { parentPort, workerData } from 'node:worker_threads';
import { writeDetails, writeError } from './error-message.ts';
import { localThread, type LocalThreadOptions } from './local-thread.ts';
import { loadTopology } from './topology-module.ts';
import type { FromWorker, MetricCall, ToWorker } from './worker-messages.ts';
import { noMetrics, type RuntimeMetrics } from './metrics.ts';

/** What the application passes to a worker. */
export interface WorkerData {
  module: string;
  moduleOptions: unknown;
  isPaused: boolean;
  /** Whether the application listens to what is restored. */
  reportsRestoring: boolean;
  settings: Omit<LocalThreadOptions, 'topology' | 'metrics' | 'log' | 'onState' | 'onRestore' | 'now'>;
}

const metricsEveryMs = 500;
const { module, moduleOptions, isPaused, reportsRestoring, settings } = workerData as WorkerData;
const port = parentPort;
if (!port) throw new Error('worker-main.ts runs in a worker thread only');

function tell(message: FromWorker): void {
  port?.postMessage(message);
}

let calls: MetricCall[] = [];

function sendMetrics(): void {
  if (calls.length === 0) return;
  tell({ type: 'metrics', calls });
  calls = [];
}

const metrics = Object.fromEntries(
  Object.keys(noMetrics).map((method) => [
    method,
    (...args: unknown[]) => calls.push([method, ...args] as MetricCall),
  ]),
) as unknown as RuntimeMetrics;
const timer = setInterval(sendMetrics, metricsEveryMs);

const { topology } = await loadTopology(module, moduleOptions);
const thread = await localThread({
  ...settings,
  topology,
  metrics,
  now: Date.now,
  log: (level, message, details) => {
    tell({
      type: 'log',
      level,
      message,
      ...(details && { details: writeDetails(details) }),
    });
  },
  onState: (state, error) => tell({ type: 'state', state, ...(error && { error: writeError(error) }) }),
  ...(reportsRestoring && { onRestore: (event) => tell({ type: 'restore', event }) }),
});

async function close(leave: boolean): Promise<void> {
  await thread.close({ leave });
  clearInterval(timer);
  sendMetrics();
  port?.close();
}

port.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'query':
      thread.query(message.store, message.query).then(
        (rows) => tell({ type: 'rows', id: message.id, rows }),
        (error: unknown) => tell({ type: 'rows', id: message.id, error: writeError(error) }),
      );
      return;
    case 'figures':
      void thread.figures().then((figures) => tell({ type: 'figures', figures }));
      return;
    case 'pause':
      thread.setPaused(message.isPaused);
      return;
    case 'close':
      void close(message.leave);
  }
});
thread.setPaused(isPaused);
thread.start();
