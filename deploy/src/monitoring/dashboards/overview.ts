// The pipeline at a glance: is it well, and where is it not.
import type { Dashboard } from '../dashboard.ts';

/** The first dashboard to look at. */
export const overview: Dashboard = {
  uid: 'activity-overview',
  title: 'Pipeline: overview',
  description:
    'From the first request to the stored document. The other dashboards say more of one stage each.',
  rows: [
    {
      title: 'Is it well?',
      panels: [
        {
          title: 'Alerts',
          description: 'Alerts that fire now; docs/monitoring.md has a section for each.',
          kind: 'stat',
          unit: 'short',
          thresholds: [1, 1],
          queries: [{ expr: 'count(ALERTS{alertstate="firing"}) or vector(0)' }],
        },
        {
          title: 'Parts down',
          description: 'Instances of services that do not answer.',
          kind: 'stat',
          unit: 'short',
          thresholds: [1, 1],
          queries: [{ expr: 'count(up{job=~"ingest|processor|connect|query"} == 0) or vector(0)' }],
        },
        {
          title: 'Not processed yet',
          description: 'Raw records that the processor has not committed. Below a second’s worth is normal.',
          kind: 'stat',
          unit: 'short',
          thresholds: [10_000, 100_000],
          queries: [{ expr: 'sum(activity_pipeline_processor_lag)' }],
        },
        {
          title: 'Not stored yet',
          description: 'Records that the sink has not stored, of all topics together.',
          kind: 'stat',
          unit: 'short',
          thresholds: [10_000, 100_000],
          queries: [{ expr: 'sum(clamp_min(activity_connect_sink_lag - 1, 0))' }],
        },
        {
          title: 'Dead letters, 1 h',
          description:
            'New in both dead-letter topics, the markers of their transactions included. Normal is 0.',
          kind: 'stat',
          unit: 'short',
          thresholds: [1, 100],
          queries: [
            {
              expr: 'sum(increase(activity_pipeline_topic_offsets_total{role=~"deadLetter|sinkDeadLetter"}[1h]))',
            },
          ],
        },
        {
          title: 'Ledger',
          description:
            'Records by which the ledger and MongoDB differ. Anything but 0 is a loss or a surplus.',
          kind: 'stat',
          unit: 'short',
          thresholds: [1, 1],
          queries: [{ expr: 'sum(activity_pipeline_ledger_difference)' }],
        },
      ],
    },
    {
      title: 'Flow',
      panels: [
        {
          title: 'Events',
          description: 'The same events at each stage: accepted by the edge, committed by the processor.',
          unit: 'ops',
          queries: [
            {
              expr: 'sum(rate(activity_ingest_events_accepted_total[$__rate_interval]))',
              legend: 'accepted',
            },
            {
              expr: 'sum(rate(activity_pipeline_processor_offsets_total[$__rate_interval]))',
              legend: 'processed',
            },
          ],
        },
        {
          title: 'Stored',
          description: 'Offsets that each connector stores; the markers of transactions count too.',
          unit: 'ops',
          queries: [
            {
              expr: 'sum by (connector) (rate(activity_pipeline_sink_offsets_total[$__rate_interval]))',
              legend: '{{connector}}',
            },
          ],
        },
        {
          title: 'Waiting',
          description: 'Before the processor, and before each connector.',
          unit: 'short',
          queries: [
            { expr: 'sum(activity_pipeline_processor_lag)', legend: 'processor' },
            {
              expr: 'sum by (connector) (clamp_min(activity_connect_sink_lag - 1, 0))',
              legend: '{{connector}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Trouble',
      panels: [
        {
          title: 'Answers with 5xx',
          description: 'Share of the API’s answers. A single one in a quiet hour is a large share.',
          unit: 'percentunit',
          thresholds: [0.001, 0.01],
          queries: [
            {
              expr: 'sum(rate(activity_ingest_requests_total{route=~"/api/.*",status=~"5.."}[$__rate_interval])) / sum(rate(activity_ingest_requests_total{route=~"/api/.*"}[$__rate_interval]))',
              legend: 'edge',
            },
            {
              expr: 'sum(rate(activity_query_requests_total{route=~"/api/.*",status=~"5.."}[$__rate_interval])) / sum(rate(activity_query_requests_total{route=~"/api/.*"}[$__rate_interval]))',
              legend: 'query',
            },
          ],
        },
        {
          title: 'Time of an answer, p99',
          description: 'The slowest hundredth of requests waits so long and longer.',
          unit: 's',
          thresholds: [0.5, 1],
          queries: [
            {
              expr: 'histogram_quantile(0.99, sum by (le) (rate(activity_ingest_request_seconds_bucket{method="POST",route=~"/api/logs.*"}[$__rate_interval])))',
              legend: 'events in',
            },
            {
              expr: 'histogram_quantile(0.99, sum by (le) (rate(activity_query_request_seconds_bucket{route=~"/api/.*",route!~"/api/logs/(:id|tail)"}[$__rate_interval])))',
              legend: 'reads',
            },
          ],
        },
        {
          title: 'Room on disks',
          description: 'Share that is free, of brokers, MongoDB and the processor’s state.',
          unit: 'percentunit',
          thresholds: [0.25, 0.1],
          queries: [
            {
              expr: 'activity_pipeline_disk_free_bytes / activity_pipeline_disk_size_bytes',
              legend: '{{part}} {{place}}',
            },
          ],
        },
      ],
    },
  ],
};
