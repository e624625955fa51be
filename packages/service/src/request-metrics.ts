// Metrics of HTTP requests, the same for all services. They are counted here and written out when they are
// asked for: a counter and a histogram of prom-client together take a fiftieth of a small request.
import type { Metric, Registry } from 'prom-client';

/** Reports one request: its status, and how long it took. */
export type ObserveRequest = (status: number, seconds: number) => void;

/** Buckets of histograms of seconds, from 1 ms to 10 s. */
export const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What was observed of one route. */
interface Observed {
  method: string;
  route: string;
  /** Requests, by their status. */
  statuses: Map<number, { requests: number }>;
  /** Requests, by the first bucket that they fit into; those that fit into none are the last. */
  times: number[];
  seconds: number;
}

/**
 * Registers `activity_<service>_requests_total` and `activity_<service>_request_seconds`.
 * Returns a function that returns, for a route, what reports its requests: the same each time.
 */
export function requestMetrics(
  registry: Registry,
  service: string,
): (method: string, path: string) => ObserveRequest {
  const routes = new Map<string, { observed: Observed; observe: ObserveRequest }>();

  function register(type: 'counter' | 'histogram', name: string, help: string, read: Read): void {
    const metric = {
      name,
      help,
      type,
      aggregator: 'sum',
      reset: () => routes.clear(),
      get: async () => ({
        name,
        help,
        type,
        aggregator: 'sum',
        values: [...routes.values()].flatMap(({ observed }) => read(name, observed)),
      }),
    };
    // The registry asks no more of it.
    registry.registerMetric(metric as unknown as Metric);
  }

  register('counter', `activity_${service}_requests_total`, 'Requests by route and status', countsOf);
  register(
    'histogram',
    `activity_${service}_request_seconds`,
    'Time from a request’s headers to its answer (of a stream: to its first byte), by route',
    bucketsOf,
  );

  return (method, route) => {
    const name = `${method} ${route}`;
    let known = routes.get(name);
    if (known === undefined) {
      const times = Array.from({ length: secondsBuckets.length + 1 }, () => 0);
      const observed: Observed = { method, route, statuses: new Map(), times, seconds: 0 };
      routes.set(name, (known = { observed, observe: observerOf(observed) }));
    }
    return known.observe;
  };
}

function observerOf(observed: Observed): ObserveRequest {
  const { statuses, times } = observed;
  return (status, seconds) => {
    let counted = statuses.get(status);
    if (counted === undefined) statuses.set(status, (counted = { requests: 0 }));
    counted.requests++;
    let bucket = 0;
    while (bucket < secondsBuckets.length && seconds > (secondsBuckets[bucket] ?? 0)) bucket++;
    times[bucket] = (times[bucket] ?? 0) + 1;
    observed.seconds += seconds;
  };
}

/** One line of a metric, as prom-client has it. */
interface Value {
  metricName?: string;
  labels: Record<string, string | number>;
  value: number;
}

type Read = (name: string, observed: Observed) => Value[];

function countsOf(_name: string, { method, route, statuses }: Observed): Value[] {
  return [...statuses].map(([status, { requests }]) => ({
    labels: { method, route, status },
    value: requests,
  }));
}

function bucketsOf(name: string, { method, route, times, seconds }: Observed): Value[] {
  let count = 0;
  const buckets = times.map((requests, index): Value => {
    count += requests;
    const le = secondsBuckets[index] ?? '+Inf';
    return { metricName: `${name}_bucket`, labels: { le, method, route }, value: count };
  });
  // A route that nobody has asked for has no series.
  if (count === 0) return [];
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels: { method, route }, value: seconds },
    { metricName: `${name}_count`, labels: { method, route }, value: count },
  ];
}
