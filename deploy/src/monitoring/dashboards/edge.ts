// The edge: requests, events, and the way to the broker.
import type { Dashboard } from '../dashboard.ts';
import { processRow } from './node-panels.ts';

const of = 'instance=~"$instance"';

/** The edge's dashboard. */
export const edge: Dashboard = {
  uid: 'activity-edge',
  title: 'Pipeline: edge',
  description: 'What clients send, what is acknowledged, and how long the broker takes.',
  job: 'ingest',
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Ready',
          description: 'Whether events can be accepted; 0 while Kafka is away.',
          kind: 'stat',
          unit: 'bool_yes_no',
          thresholds: [1, 0.5],
          queries: [{ expr: `min(activity_ingest_ready{${of}})` }],
        },
        {
          title: 'Requests in flight',
          description: 'Being answered.',
          kind: 'stat',
          unit: 'short',
          queries: [{ expr: `sum(activity_ingest_requests_in_flight{${of}})` }],
        },
        {
          title: 'Waiting for the broker',
          description: 'From MAX_WAITING_BYTES on, requests get 503.',
          kind: 'stat',
          unit: 'bytes',
          thresholds: [33_554_432, 60_000_000],
          queries: [{ expr: `max(activity_ingest_waiting_bytes{${of}})` }],
        },
      ],
    },
    {
      title: 'Requests',
      panels: [
        {
          title: 'Requests by status',
          description: '201 is an event that the broker has. 503 is for the client to send again.',
          unit: 'reqps',
          stacked: true,
          queries: [
            {
              expr: `sum by (status) (rate(activity_ingest_requests_total{${of}}[$__rate_interval]))`,
              legend: '{{status}}',
            },
          ],
        },
        {
          title: 'Time of an answer, p99 by route',
          description: 'From the headers to the answer, the broker’s acknowledgement included.',
          unit: 's',
          thresholds: [0.25, 0.5],
          queries: [
            {
              expr: `histogram_quantile(0.99, sum by (le, method, route) (rate(activity_ingest_request_seconds_bucket{${of}}[$__rate_interval])))`,
              legend: '{{method}} {{route}}',
            },
          ],
        },
        {
          title: 'Time of an answer to POST',
          description: 'The median, the slowest twentieth and the slowest hundredth.',
          unit: 's',
          queries: [0.5, 0.95, 0.99].map((quantile) => ({
            expr: `histogram_quantile(${quantile}, sum by (le) (rate(activity_ingest_request_seconds_bucket{method="POST",${of}}[$__rate_interval])))`,
            legend: `p${quantile * 100}`,
          })),
        },
      ],
    },
    {
      title: 'Events',
      panels: [
        {
          title: 'Accepted',
          description: 'Acknowledged by the broker.',
          unit: 'ops',
          queries: [
            {
              expr: `sum by (instance) (rate(activity_ingest_events_accepted_total{${of}}[$__rate_interval]))`,
              legend: '{{instance}}',
            },
          ],
        },
        {
          title: 'Refused, by reason',
          description:
            'invalid and too-large are the client’s, limited is a rate limit, unavailable is Kafka.',
          unit: 'ops',
          queries: [
            {
              expr: `sum by (reason) (rate(activity_ingest_events_refused_total{${of}}[$__rate_interval]))`,
              legend: '{{reason}}',
            },
          ],
        },
        {
          title: 'Bytes',
          description: 'Of accepted events.',
          unit: 'Bps',
          queries: [
            {
              expr: `sum by (instance) (rate(activity_ingest_event_bytes_total{${of}}[$__rate_interval]))`,
              legend: '{{instance}}',
            },
          ],
        },
        {
          title: 'One round to the broker',
          description: 'Until acks=all. What is slow here is the broker or the way to it.',
          unit: 's',
          queries: [0.5, 0.99].map((quantile) => ({
            expr: `histogram_quantile(${quantile}, sum by (le) (rate(activity_ingest_broker_ack_seconds_bucket{${of}}[$__rate_interval])))`,
            legend: `p${quantile * 100}`,
          })),
        },
        {
          title: 'Records in a round',
          description: 'Grows with load: what comes while one round is on its way goes with the next.',
          unit: 'short',
          queries: [
            {
              expr: `sum(rate(activity_ingest_batch_records_sum{${of}}[$__rate_interval])) / sum(rate(activity_ingest_batch_records_count{${of}}[$__rate_interval]))`,
              legend: 'on average',
            },
          ],
        },
      ],
    },
    processRow('ingest'),
  ],
};
