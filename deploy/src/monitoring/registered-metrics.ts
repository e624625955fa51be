// The metrics that each service registers, by the job that Prometheus knows it as.
import { createRegistry } from '@activity/service';
import { MongoClient } from 'mongodb';
import { createMetrics as connectMetrics } from '@activity/connect/metrics';
import { createWatchMetrics } from '@activity/connect/watch/metrics';
import { createMetrics as ingestMetrics } from '@activity/ingest/metrics';
import { instanceMetrics } from '@activity/processor/instance-metrics';
import { streamsMetrics } from '@activity/processor/metrics';
import { showTypeCounts } from '@activity/processor/type-counts';
import { createMetrics as queryMetrics, watchClient } from '@activity/query/metrics';

type Registry = ReturnType<typeof createRegistry>;

/** The labels of each metric, by the name that Prometheus stores. */
export type Metrics = Map<string, Set<string>>;

function registries(): Record<string, Registry> {
  const ingest = createRegistry('ingest');
  ingestMetrics(ingest, {
    inFlight: () => 0,
    waitingBytes: () => 0,
    receivedBytes: () => 0,
    ready: () => true,
    clockAheadMs: () => 0,
  });
  const processor = createRegistry('processor');
  streamsMetrics(processor);
  showTypeCounts(processor)();
  instanceMetrics(processor, { isReady: () => true, stateDir: '.' });
  const connect = createRegistry('connect');
  connectMetrics(connect, ['sink']);
  createWatchMetrics(connect, ['kafka'], Date.now);
  const query = createRegistry('query');
  queryMetrics(query, { tails: () => 0 });
  watchClient(new MongoClient('mongodb://127.0.0.1'), query, 'reads');
  return { ingest, processor, connect, query };
}

function metricsOf(registry: Registry): Metrics {
  const metrics: Metrics = new Map();
  for (const metric of registry.getMetricsAsArray()) {
    const { name, labelNames = [] } = metric as unknown as { name: string; labelNames?: string[] };
    const labels = new Set([...labelNames, 'service', 'job', 'instance']);
    if ((metric.type as unknown) === 'histogram') {
      metrics.set(`${name}_bucket`, new Set([...labels, 'le']));
      for (const suffix of ['_sum', '_count']) metrics.set(`${name}${suffix}`, labels);
    } else metrics.set(name, labels);
  }
  return metrics;
}

/** All metrics by job. */
export function registeredMetrics(): Map<string, Metrics> {
  return new Map(Object.entries(registries()).map(([job, registry]) => [job, metricsOf(registry)]));
}
