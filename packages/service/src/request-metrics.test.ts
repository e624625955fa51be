import { Counter, Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { requestMetrics, secondsBuckets } from './request-metrics.ts';

const requests = [
  { method: 'GET', route: '/a', status: 200, seconds: 0.001 },
  { method: 'GET', route: '/a', status: 200, seconds: 0.0011 },
  { method: 'GET', route: '/a', status: 404, seconds: 10 },
  { method: 'POST', route: '/b', status: 201, seconds: 12.5 },
  { method: 'POST', route: '/b', status: 201, seconds: 0 },
];

test('what is written out is what prom-client makes of the same requests', async () => {
  const [own, client] = [new Registry(), new Registry()];
  for (const registry of [own, client]) registry.setDefaultLabels({ service: 's' });
  const of = requestMetrics(own, 'x');
  of('GET', '/never');
  const registers = [client];
  const counter = new Counter({
    name: 'activity_x_requests_total',
    help: 'Requests by route and status',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const histogram = new Histogram({
    name: 'activity_x_request_seconds',
    help: 'Time from a request’s headers to its answer (of a stream: to its first byte), by route',
    labelNames: ['method', 'route'],
    buckets: secondsBuckets,
    registers,
  });
  for (const { method, route, status, seconds } of requests) {
    of(method, route)(status, seconds);
    counter.inc({ method, route, status });
    histogram.observe({ method, route }, seconds);
  }
  expect(lines(await own.metrics())).toEqual(lines(await client.metrics()));
  expect(lines(await own.metrics())).toEqual(lines(await client.metrics()));
  expect(of('GET', '/a')).toBe(of('GET', '/a'));
});

/** The order of a line's labels says nothing. */
function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) =>
      line.replace(/\{(.*)\}/, (_, labels: string) => `{${labels.split(',').toSorted().join(',')}}`),
    );
}
