// What the edge shows to Prometheus.
import { countTypes, requestMetrics, secondsBuckets, type ObserveRequest } from '@activity/service';
import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';

/** Why an event was not accepted. */
export type RefusalReason = 'invalid' | 'schema' | 'too-large' | 'unavailable' | 'limited';

/** The edge's metrics. */
export interface EdgeMetrics {
  /** What reports one route's requests to the metrics. */
  route: (method: string, path: string) => ObserveRequest;
  /** One event was acknowledged. */
  accepted: (activityType: string, bytes: number) => void;
  refused: (reason: RefusalReason, events: number) => void;
  /** An event was taken whose type's schema, in the mode `warn`, refuses its metadata. */
  violated: () => void;
  round: (round: { records: number; milliseconds: number }) => void;
  lost: (loss: { from: number; to: number }) => void;
}

/** Numbers that are read when they are asked for. */
export interface EdgeGauges {
  inFlight: () => number;
  waitingBytes: () => number;
  receivedBytes: () => number;
  ready: () => boolean;
  clockAheadMs: () => number;
}

/** Registers the metrics. */
export function createMetrics(registry: Registry, gauges: EdgeGauges): EdgeMetrics {
  const registers = [registry];
  // Added up here and handed over when they are asked for: they change with every event.
  const accepted = { events: 0, bytes: 0 };
  const acceptedEvents: Counter = new Counter({
    name: 'activity_ingest_events_accepted_total',
    help: 'Events that the broker acknowledged',
    registers,
    collect: () => acceptedEvents.inc(taken('events')),
  });
  const acceptedBytes: Counter = new Counter({
    name: 'activity_ingest_event_bytes_total',
    help: 'Bytes of acknowledged events',
    registers,
    collect: () => acceptedBytes.inc(taken('bytes')),
  });

  const countType = countTypes(registry, {
    name: 'activity_ingest_events_by_type_total',
    help: 'Events that the broker acknowledged, by activity type: the first 100 types, the rest as other',
  });

  function taken(what: keyof typeof accepted): number {
    const count = accepted[what];
    accepted[what] = 0;
    return count;
  }

  const refused = new Counter({
    name: 'activity_ingest_events_refused_total',
    help: 'Events that were not accepted, by reason',
    labelNames: ['reason'],
    registers,
  });
  const violated = new Counter({
    name: 'activity_ingest_schema_violations_total',
    help: 'Events that were taken although the schema of their type, in the mode warn, refuses their metadata',
    registers,
  });
  const batch = new Histogram({
    name: 'activity_ingest_batch_records',
    help: 'Records that one round to the broker acknowledged',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000],
    registers,
  });
  const acknowledgement = new Histogram({
    name: 'activity_ingest_broker_ack_seconds',
    help: 'Time that one round to the broker took',
    buckets: secondsBuckets,
    registers,
  });
  const lost = new Counter({
    name: 'activity_ingest_acknowledged_lost_total',
    help: 'Offsets of the raw topic that were acknowledged and then lost: an unclean leader election',
    registers,
  });
  show('activity_ingest_requests_in_flight', 'Requests that are being answered', gauges.inFlight);
  show('activity_ingest_waiting_bytes', 'Bytes that wait for the broker', gauges.waitingBytes);
  show('activity_ingest_received_bytes', 'Bytes of the bodies of requests in flight', gauges.receivedBytes);
  show(
    'activity_ingest_clock_ahead_seconds',
    'How far the clock of this machine is ahead of the broker’s, at least',
    () => gauges.clockAheadMs() / 1_000,
  );
  show('activity_ingest_ready', '1 while events can be accepted', () => (gauges.ready() ? 1 : 0));

  function show(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({ name, help, registers: [], collect: () => gauge.set(read()) });
    registry.registerMetric(gauge);
  }

  return {
    route: requestMetrics(registry, 'ingest'),
    accepted(activityType, size) {
      accepted.events++;
      accepted.bytes += size;
      countType(activityType, 1);
    },
    refused: (reason, events) => refused.inc({ reason }, events),
    violated: () => violated.inc(),
    round({ records, milliseconds }) {
      batch.observe(records);
      acknowledgement.observe(milliseconds / 1_000);
    },
    lost: ({ from, to }) => lost.inc(to - from),
  };
}
