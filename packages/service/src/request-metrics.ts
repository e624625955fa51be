// Metrics of HTTP requests, the same for all services.
import { Counter, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';

/** Reports one request: its status, and how long it took. */
export type ObserveRequest = (status: number, seconds: number) => void;

/** Buckets of histograms of seconds, from 1 ms to 10 s. */
export const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * Registers `activity_<service>_requests_total` and `activity_<service>_request_seconds`.
 * Returns a function that returns, for a route, what reports its requests: the same each time.
 */
export function requestMetrics(
  registry: Registry,
  service: string,
): (method: string, path: string) => ObserveRequest {
  const registers = [registry];
  const requests = new Counter({
    name: `activity_${service}_requests_total`,
    help: 'Requests by route and status',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const latency = new Histogram({
    name: `activity_${service}_request_seconds`,
    help: 'Time from a request’s headers to its answer (of a stream: to its first byte), by route',
    labelNames: ['method', 'route'],
    buckets: secondsBuckets,
    registers,
  });
  const observers = new Map<string, ObserveRequest>();

  function observerOf(method: string, route: string): ObserveRequest {
    // Looked up once: labels are hashed at every use.
    const counters = new Map<number, ReturnType<typeof requests.labels>>();
    const times = latency.labels({ method, route });
    return (status, seconds) => {
      let counter = counters.get(status);
      if (counter === undefined) counters.set(status, (counter = requests.labels({ method, route, status })));
      counter.inc();
      times.observe(seconds);
    };
  }

  return (method, path) => {
    const name = `${method} ${path}`;
    let observer = observers.get(name);
    if (observer === undefined) observers.set(name, (observer = observerOf(method, path)));
    return observer;
  };
}
