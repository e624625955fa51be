// The stream processor's metrics for Prometheus, with Kafka Streams' names.
import type { RuntimeMetrics } from '@activity/streams';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Registers the metrics and returns what the runtime calls. */
export function streamsMetrics(registry: Registry): RuntimeMetrics {
  const registers = [registry];
  const processed = new Counter({
    name: 'activity_stream_process_total',
    help: 'Records processed',
    labelNames: ['task'],
    registers,
  });
  const latency = new Histogram({
    name: 'activity_stream_process_latency_seconds',
    help: 'Time to process one batch of records',
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1],
    registers,
  });
  const dropped = new Counter({
    name: 'activity_stream_dropped_records_total',
    help: 'Records dropped',
    labelNames: ['task', 'reason'],
    registers,
  });
  const late = new Counter({
    name: 'activity_stream_late_records_total',
    help: 'Records too late for a window',
    labelNames: ['task'],
    registers,
  });
  const deadLettered = new Counter({
    name: 'activity_stream_dead_letter_records_total',
    help: 'Records dead-lettered',
    labelNames: ['task', 'reason'],
    registers,
  });
  const commits = new Histogram({
    name: 'activity_stream_commit_latency_seconds',
    help: 'Time from the end of a batch to its commit',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    registers,
  });
  const commitFailures = new Counter({
    name: 'activity_stream_commit_failures_total',
    help: 'Commits that failed',
    labelNames: ['code'],
    registers,
  });
  const polled = new Counter({
    name: 'activity_stream_poll_records_total',
    help: 'Records fetched',
    registers,
  });
  const lag = new Gauge({
    name: 'activity_stream_records_lag',
    help: 'Records not processed yet',
    labelNames: ['topic', 'partition'],
    registers,
  });
  const restored = new Counter({
    name: 'activity_stream_restore_records_total',
    help: 'Changelog records restored',
    labelNames: ['task', 'store'],
    registers,
  });
  const remaining = new Gauge({
    name: 'activity_stream_restore_remaining_records',
    help: 'Changelog records still to restore',
    labelNames: ['task', 'store'],
    registers,
  });
  const rebalances = new Counter({
    name: 'activity_stream_rebalance_total',
    help: 'Rebalances taken part in',
    registers,
  });
  const entries = new Gauge({
    name: 'activity_stream_state_entries',
    help: 'Entries in a state store',
    labelNames: ['task', 'store'],
    registers,
  });
  const bytes = new Gauge({
    name: 'activity_stream_state_bytes',
    help: 'Bytes of a state store',
    labelNames: ['task', 'store'],
    registers,
  });
  return {
    processed(task, records, durationMs) {
      processed.inc({ task }, records);
      latency.observe(durationMs / 1000);
    },
    dropped: (task, reason) => dropped.inc({ task, reason }),
    late: (task) => late.inc({ task }),
    // No step of the processor awaits.
    called() {},
    deadLettered: (task, reason) => deadLettered.inc({ task, reason }),
    committed: (_records, _bytes, durationMs) => commits.observe(durationMs / 1000),
    commitFailed: (code) => commitFailures.inc({ code }),
    polled: (records) => polled.inc(records),
    lag: (topic, partition, records) => lag.set({ topic, partition }, records),
    restored(task, store, records, left) {
      restored.inc({ task, store }, records);
      remaining.set({ task, store }, left);
    },
    rebalanced: () => rebalances.inc(),
    state(task, store, count, size) {
      entries.set({ task, store }, count);
      bytes.set({ task, store }, size);
    },
  };
}
