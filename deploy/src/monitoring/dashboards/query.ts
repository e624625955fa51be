// The query service: requests, reads of MongoDB, the live tail.
import type { Dashboard } from '../dashboard.ts';
import { processRow } from './node-panels.ts';

const of = 'instance=~"$instance"';

/** The query service's dashboard. */
export const query: Dashboard = {
  uid: 'activity-query',
  title: 'Pipeline: query',
  description: 'What is read, how fast, and what it costs MongoDB.',
  job: 'query',
  rows: [
    {
      title: 'Requests',
      panels: [
        {
          title: 'Requests by status',
          description: '503 means that MongoDB does not answer in time.',
          unit: 'reqps',
          stacked: true,
          queries: [
            {
              expr: `sum by (status) (rate(activity_query_requests_total{${of}}[$__rate_interval]))`,
              legend: '{{status}}',
            },
          ],
        },
        {
          title: 'Time of an answer, p99 by route',
          description: 'To the first byte of a stream. A log may be waited for on purpose.',
          unit: 's',
          thresholds: [0.5, 1],
          queries: [
            {
              expr: `histogram_quantile(0.99, sum by (le, route) (rate(activity_query_request_seconds_bucket{${of}}[$__rate_interval])))`,
              legend: '{{route}}',
            },
          ],
        },
        {
          title: 'Readers of the tail',
          description: 'From MAX_TAILS on, more get 503.',
          unit: 'short',
          queries: [
            { expr: `sum by (instance) (activity_query_tails{${of}})`, legend: '{{instance}}' },
            {
              expr: `sum by (reason) (increase(activity_query_tails_dropped_total{${of}}[5m]))`,
              legend: 'let go in 5 min: {{reason}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Reads',
      panels: [
        {
          title: 'Time of a read, p99 by operation',
          description: 'One read of MongoDB. A request may take several.',
          unit: 's',
          queries: [
            {
              expr: `histogram_quantile(0.99, sum by (le, operation) (rate(activity_query_read_seconds_bucket{${of}}[$__rate_interval])))`,
              legend: '{{operation}}',
            },
          ],
        },
        {
          title: 'Documents',
          description: 'Returned by reads.',
          unit: 'ops',
          queries: [
            {
              expr: `sum by (operation) (rate(activity_query_read_documents_total{${of}}[$__rate_interval]))`,
              legend: '{{operation}}',
            },
          ],
        },
        {
          title: 'Examined for each returned',
          description:
            'By the last explained read. About 1 where an index fits; much more is a filter that none serves.',
          unit: 'short',
          queries: [
            {
              expr: `max by (operation) (activity_query_examined_per_returned{${of}})`,
              legend: '{{operation}}',
            },
          ],
        },
        {
          title: 'Collection scans',
          description: 'Explained reads that used no index, in an hour. Stays 0.',
          unit: 'short',
          thresholds: [1, 10],
          queries: [
            {
              expr: `sum by (operation) (increase(activity_query_collection_scans_total{${of}}[1h]))`,
              legend: '{{operation}}',
            },
          ],
        },
      ],
    },
    {
      title: 'MongoDB',
      panels: [
        {
          title: 'Connections',
          description: 'Open and in use, by pool. All in use means that reads wait.',
          unit: 'short',
          queries: [
            { expr: `sum by (pool) (activity_query_mongodb_connections{${of}})`, legend: '{{pool}}: open' },
            {
              expr: `sum by (pool) (activity_query_mongodb_connections_in_use{${of}})`,
              legend: '{{pool}}: in use',
            },
          ],
        },
        {
          title: 'Waiting for a connection, p99',
          description: 'Above a few milliseconds the pool is too small, or MongoDB too slow.',
          unit: 's',
          queries: [
            {
              expr: `histogram_quantile(0.99, sum by (le, pool) (rate(activity_query_mongodb_checkout_seconds_bucket{${of}}[$__rate_interval])))`,
              legend: '{{pool}}',
            },
          ],
        },
        {
          title: 'Commands, p99',
          description: 'Those of the tail wait for what is new.',
          unit: 's',
          queries: [
            {
              expr: `histogram_quantile(0.99, sum by (le, pool) (rate(activity_query_mongodb_command_seconds_bucket{${of}}[$__rate_interval])))`,
              legend: '{{pool}}',
            },
          ],
        },
        {
          title: 'Failures',
          description: 'Reads that failed, and commands that got no connection.',
          unit: 'ops',
          queries: [
            {
              expr: `sum by (operation) (rate(activity_query_read_failures_total{${of}}[$__rate_interval]))`,
              legend: '{{operation}}',
            },
            {
              expr: `sum by (pool) (rate(activity_query_mongodb_checkout_failures_total{${of}}[$__rate_interval]))`,
              legend: 'no connection: {{pool}}',
            },
          ],
        },
      ],
    },
    processRow('query'),
  ],
};
