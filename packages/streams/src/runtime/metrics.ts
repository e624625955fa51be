// What the runtime counts. The registry of a metrics library stands behind this; tests count by hand.

/** Counters and timings of one stream thread. Durations in milliseconds. */
export interface RuntimeMetrics {
  processed(taskId: string, records: number, durationMs: number): void;
  dropped(taskId: string, reason: string): void;
  late(taskId: string): void;
  deadLettered(taskId: string, reason: string): void;
  committed(records: number, bytes: number, durationMs: number): void;
  commitFailed(code: string): void;
  polled(records: number): void;
  lag(topic: string, partition: number, records: number): void;
  restored(taskId: string, store: string, records: number, remaining: number): void;
  rebalanced(): void;
  state(taskId: string, store: string, entries: number, bytes: number): void;
}

/** Counts nothing. */
export const noMetrics: RuntimeMetrics = {
  processed() {},
  dropped() {},
  late() {},
  deadLettered() {},
  committed() {},
  commitFailed() {},
  polled() {},
  lag() {},
  restored() {},
  rebalanced() {},
  state() {},
};
