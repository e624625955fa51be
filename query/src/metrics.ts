// What the query service shows to Prometheus.
import { requestMetrics, secondsBuckets, type ObserveRequest } from '@activity/service';
import type { MongoClient } from 'mongodb';
import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import type { ReadMetrics } from './reads/reads.ts';

/** The query service's metrics. */
export interface QueryMetrics extends ReadMetrics {
  /** What reports to the metrics of one route's requests. */
  route: (method: string, path: string) => ObserveRequest;
  tailDropped: (reason: 'slow' | 'source') => void;
}

/** Numbers that are read when they are asked for. */
export interface QueryGauges {
  tails: () => number;
}

/** Registers the metrics. */
export function createMetrics(registry: Registry, gauges: QueryGauges): QueryMetrics {
  const registers = [registry];
  const reads = new Histogram({
    name: 'activity_query_read_seconds',
    help: 'Time that one read of MongoDB took, by operation',
    labelNames: ['operation'],
    buckets: secondsBuckets,
    registers,
  });
  const returned = new Counter({
    name: 'activity_query_read_documents_total',
    help: 'Documents that reads returned, by operation',
    labelNames: ['operation'],
    registers,
  });
  const examined = new Gauge({
    name: 'activity_query_examined_per_returned',
    help: 'Documents (or, where none is fetched, keys) examined for each that is returned, when the operation was explained last',
    labelNames: ['operation'],
    registers,
  });
  const scans = new Counter({
    name: 'activity_query_collection_scans_total',
    help: 'Explained reads that used no index; stays 0',
    labelNames: ['operation'],
    registers,
  });
  const dropped = new Counter({
    name: 'activity_query_tails_dropped_total',
    help: 'Readers of the tail that were let go, by reason',
    labelNames: ['reason'],
    registers,
  });
  const tails: Gauge = new Gauge({
    name: 'activity_query_tails',
    help: 'Readers of the tail',
    registers: [],
    collect: () => tails.set(gauges.tails()),
  });
  registry.registerMetric(tails);
  return {
    route: requestMetrics(registry, 'query'),
    read(operation, took, documents) {
      reads.observe({ operation }, took);
      returned.inc({ operation }, documents);
    },
    explained(operation, { documentsExamined, keysExamined, returned: found, collectionScan }) {
      examined.set({ operation }, (documentsExamined || keysExamined) / Math.max(1, found));
      scans.inc({ operation }, collectionScan ? 1 : 0);
    },
    tailDropped: (reason) => dropped.inc({ reason }),
  };
}

/** Shows a client's pool and commands. */
export function watchClient(client: MongoClient, registry: Registry, pool: string): void {
  const metrics = poolMetrics(registry);
  const labels = { pool };
  client.on('connectionCreated', () => metrics.connections.inc(labels));
  client.on('connectionClosed', () => metrics.connections.dec(labels));
  client.on('connectionCheckedOut', ({ durationMS }) => {
    metrics.inUse.inc(labels);
    metrics.wait.observe(labels, durationMS / 1_000);
  });
  client.on('connectionCheckOutFailed', () => metrics.failures.inc(labels));
  client.on('connectionCheckedIn', () => metrics.inUse.dec(labels));
  client.on('commandSucceeded', ({ commandName, duration }) =>
    metrics.commands.observe({ command: commandName }, duration / 1_000),
  );
  client.on('commandFailed', ({ commandName, duration }) => {
    metrics.commands.observe({ command: commandName }, duration / 1_000);
    metrics.commandFailures.inc({ command: commandName });
  });
}

interface PoolMetrics {
  connections: Gauge;
  inUse: Gauge;
  wait: Histogram;
  failures: Counter;
  commands: Histogram;
  commandFailures: Counter;
}

const pools = new WeakMap<Registry, PoolMetrics>();

function poolMetrics(registry: Registry): PoolMetrics {
  const known = pools.get(registry);
  if (known) return known;
  const registers = [registry];
  const labelNames = ['pool'];
  const made: PoolMetrics = {
    connections: new Gauge({
      name: 'activity_query_mongodb_connections',
      help: 'Connections to MongoDB that are open',
      labelNames,
      registers,
    }),
    inUse: new Gauge({
      name: 'activity_query_mongodb_connections_in_use',
      help: 'Connections to MongoDB that a command uses now',
      labelNames,
      registers,
    }),
    wait: new Histogram({
      name: 'activity_query_mongodb_checkout_seconds',
      help: 'Time that a command waited for a connection',
      labelNames,
      buckets: secondsBuckets,
      registers,
    }),
    failures: new Counter({
      name: 'activity_query_mongodb_checkout_failures_total',
      help: 'Commands that got no connection',
      labelNames,
      registers,
    }),
    commands: new Histogram({
      name: 'activity_query_mongodb_command_seconds',
      help: 'Time that a command took, the way to MongoDB and back included; getMore of a tail waits for what is new',
      labelNames: ['command'],
      buckets: secondsBuckets,
      registers,
    }),
    commandFailures: new Counter({
      name: 'activity_query_mongodb_command_failures_total',
      help: 'Commands that failed',
      labelNames: ['command'],
      registers,
    }),
  };
  pools.set(registry, made);
  return made;
}
