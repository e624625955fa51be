// What the edge shows to Prometheus.
import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';

/** Why an event was not accepted. */
export type RefusalReason = 'invalid' | 'too-large' | 'unavailable' | 'limited';

/** Reports one request: its status, and how long it took. */
export type ObserveRequest = (status: number, seconds: number) => void;

/** The edge's metrics. */
export interface EdgeMetrics {
  /** What reports one route's requests to the metrics. */
  route: (method: string, path: string) => ObserveRequest;
  accepted: (events: number, bytes: number) => void;
  refused: (reason: RefusalReason, events: number) => void;
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

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Registers the metrics. */
export function createMetrics(registry: Registry, gauges: EdgeGauges): EdgeMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'ingest_requests_total',
    help: 'Requests by route and status',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const latency = new Histogram({
    name: 'ingest_request_seconds',
    help: 'Time from a request’s headers to its answer, by route',
    labelNames: ['method', 'route'],
    buckets: seconds,
    registers,
  });
  // Added up here and handed over when they are asked for: they change with every event.
  const accepted = { events: 0, bytes: 0 };
  const acceptedEvents: Counter = new Counter({
    name: 'ingest_events_accepted_total',
    help: 'Events that the broker acknowledged',
    registers,
    collect: () => acceptedEvents.inc(taken('events')),
  });
  const acceptedBytes: Counter = new Counter({
    name: 'ingest_event_bytes_total',
    help: 'Bytes of acknowledged events',
    registers,
    collect: () => acceptedBytes.inc(taken('bytes')),
  });

  function taken(what: keyof typeof accepted): number {
    const count = accepted[what];
    accepted[what] = 0;
    return count;
  }

  const refused = new Counter({
    name: 'ingest_events_refused_total',
    help: 'Events that were not accepted, by reason',
    labelNames: ['reason'],
    registers,
  });
  const batch = new Histogram({
    name: 'ingest_batch_records',
    help: 'Records that one round to the broker acknowledged',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000],
    registers,
  });
  const acknowledgement = new Histogram({
    name: 'ingest_broker_ack_seconds',
    help: 'Time that one round to the broker took',
    buckets: seconds,
    registers,
  });
  const lost = new Counter({
    name: 'ingest_acknowledged_lost_total',
    help: 'Offsets of the raw topic that were acknowledged and then lost: an unclean leader election',
    registers,
  });
  show('ingest_requests_in_flight', 'Requests that are being answered', gauges.inFlight);
  show('ingest_waiting_bytes', 'Bytes that wait for the broker', gauges.waitingBytes);
  show('ingest_received_bytes', 'Bytes of the bodies of requests in flight', gauges.receivedBytes);
  show(
    'ingest_clock_ahead_seconds',
    'How far the clock of this machine is ahead of the broker’s, at least',
    () => gauges.clockAheadMs() / 1_000,
  );
  show('ingest_ready', '1 while events can be accepted', () => (gauges.ready() ? 1 : 0));

  function show(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({ name, help, registers: [], collect: () => gauge.set(read()) });
    registry.registerMetric(gauge);
  }

  return {
    route(method, route) {
      // Looked up once: labels are hashed at every use.
      const counters = new Map<number, ReturnType<typeof requests.labels>>();
      const times = latency.labels({ method, route });
      return (status, took) => {
        let counter = counters.get(status);
        if (counter === undefined)
          counters.set(status, (counter = requests.labels({ method, route, status })));
        counter.inc();
        times.observe(took);
      };
    },
    accepted(events, size) {
      accepted.events += events;
      accepted.bytes += size;
    },
    refused: (reason, events) => refused.inc({ reason }, events),
    round({ records, milliseconds }) {
      batch.observe(records);
      acknowledgement.observe(milliseconds / 1_000);
    },
    lost: ({ from, to }) => lost.inc(to - from),
  };
}
