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
  const failed = new Counter({
    name: 'activity_query_read_failures_total',
    help: 'Reads of MongoDB that failed, by operation',
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
    readFailed: (operation) => failed.inc({ operation }),
    explained(operation, { documentsExamined, keysExamined, returned: found, collectionScan }) {
      examined.set({ operation }, (documentsExamined || keysExamined) / Math.max(1, found));
      scans.inc({ operation }, collectionScan ? 1 : 0);
    },
    tailDropped: (reason) => dropped.inc({ reason }),
  };
}

/**
 * Shows a client's pool and its commands. These are timed by the connections that they use: with
 * `monitorCommands` the driver reads each reply a second time, all of it in one piece.
 */
export function watchClient(client: MongoClient, registry: Registry, pool: string): void {
  const metrics = poolMetrics(registry);
  const labels = { pool };
  client.on('connectionCreated', () => metrics.connections.inc(labels));
  client.on('connectionClosed', () => metrics.connections.dec(labels));
  /** When each connection was taken. */
  const taken = new Map<string, number>();
  client.on('connectionCheckedOut', ({ address, connectionId, durationMS }) => {
    metrics.inUse.inc(labels);
    metrics.wait.observe(labels, durationMS / 1_000);
    taken.set(`${address} ${connectionId}`, performance.now());
  });
  client.on('connectionCheckOutFailed', () => metrics.failures.inc(labels));
  client.on('connectionCheckedIn', ({ address, connectionId }) => {
    metrics.inUse.dec(labels);
    const name = `${address} ${connectionId}`;
    const since = taken.get(name);
    taken.delete(name);
    if (since !== undefined) metrics.commands.observe(labels, (performance.now() - since) / 1_000);
  });
}

interface PoolMetrics {
  connections: Gauge;
  inUse: Gauge;
  wait: Histogram;
  failures: Counter;
  commands: Histogram;
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
      help: 'Time that a command took, the way to MongoDB and back included, by pool; that of a tail waits for what is new',
      labelNames,
      buckets: secondsBuckets,
      registers,
    }),
  };
  pools.set(registry, made);
  return made;
}
