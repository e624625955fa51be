// Kafka and Kafka Connect, as the supervisor sees them.
import type { Dashboard } from '../dashboard.ts';
import { processRow } from './node-panels.ts';

/** The dashboard of what is between the services. */
export const kafkaConnect: Dashboard = {
  uid: 'activity-kafka-connect',
  title: 'Pipeline: Kafka and Connect',
  description:
    'Topics, transactions, disks and connectors, as the connect supervisor sees them through Kafka’s and Connect’s own APIs.',
  job: 'connect',
  rows: [
    {
      title: 'Kafka',
      panels: [
        {
          title: 'Records into topics',
          description: 'Offsets given out in a second, the markers of transactions included.',
          unit: 'ops',
          queries: [
            {
              expr: 'sum by (topic) (rate(activity_pipeline_topic_offsets_total{role!="internal"}[$__rate_interval]))',
              legend: '{{topic}}',
            },
          ],
        },
        {
          title: 'Records into the processor’s own topics',
          description: 'Changelogs and repartition topics.',
          unit: 'ops',
          queries: [
            {
              expr: 'sum by (topic) (rate(activity_pipeline_topic_offsets_total{role="internal"}[$__rate_interval]))',
              legend: '{{topic}}',
            },
          ],
        },
        {
          title: 'Oldest open transaction',
          description: 'As far as it was seen open. Readers of committed records stand before it.',
          unit: 's',
          thresholds: [60, 120],
          queries: [
            { expr: 'max by (topic) (activity_pipeline_open_transaction_seconds) > 0', legend: '{{topic}}' },
          ],
        },
        {
          title: 'Processor, committed',
          description: 'By the broker, by raw partition.',
          unit: 'ops',
          queries: [
            {
              expr: 'sum by (partition) (rate(activity_pipeline_processor_offsets_total[$__rate_interval]))',
              legend: '{{partition}}',
            },
          ],
        },
        {
          title: 'Room on disks',
          description: 'Free bytes of each broker’s folder, and of MongoDB.',
          unit: 'bytes',
          queries: [
            { expr: 'activity_pipeline_disk_free_bytes{job="connect"}', legend: '{{part}} {{place}}' },
          ],
        },
        {
          title: 'Dead letters',
          description: 'Everything that the dead-letter topics ever held, markers included.',
          unit: 'short',
          queries: [
            {
              expr: 'sum by (topic) (activity_pipeline_topic_offsets_total{role=~"deadLetter|sinkDeadLetter"})',
              legend: '{{topic}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Connect',
      panels: [
        {
          title: 'Connectors that do not run',
          description: 'By state. None is normal.',
          unit: 'short',
          thresholds: [1, 1],
          queries: [
            {
              expr: 'sum by (connector, state) (activity_connect_connector_state{state!="RUNNING"})',
              legend: '{{connector}} {{state}}',
            },
          ],
        },
        {
          title: 'Tasks that do not run',
          description: 'FAILED is restarted by the supervisor; PAUSED is somebody’s wish.',
          unit: 'short',
          thresholds: [1, 1],
          queries: [
            {
              expr: 'sum by (connector, state) (activity_connect_tasks{state!="RUNNING"}) > 0',
              legend: '{{connector}} {{state}}',
            },
          ],
        },
        {
          title: 'Restarts, 10 min',
          description: 'By the supervisor.',
          unit: 'short',
          queries: [
            {
              expr: 'sum by (connector) (increase(activity_connect_restarts_total[10m]))',
              legend: '{{connector}}',
            },
          ],
        },
        {
          title: 'Not stored yet',
          description: 'By connector, without the marker of the last transaction.',
          unit: 'short',
          queries: [
            {
              expr: 'sum by (connector) (clamp_min(activity_connect_sink_lag - 1, 0))',
              legend: '{{connector}}',
            },
          ],
        },
        {
          title: 'Stored',
          description: 'Offsets in a second.',
          unit: 'ops',
          queries: [
            {
              expr: 'sum by (connector) (rate(activity_pipeline_sink_offsets_total[$__rate_interval]))',
              legend: '{{connector}}',
            },
          ],
        },
        {
          title: 'Erasures',
          description: 'Waiting for the sink, and carried out.',
          unit: 'short',
          queries: [{ expr: 'sum by (state) (activity_connect_erasures)', legend: '{{state}}' }],
        },
      ],
    },
    {
      title: 'The watch',
      panels: [
        {
          title: 'Ledger',
          description: 'Records that two balances in a row found missing, too many, or without a class.',
          unit: 'short',
          thresholds: [1, 1],
          queries: [{ expr: 'max by (what) (activity_pipeline_ledger_difference)', legend: '{{what}}' }],
        },
        {
          title: 'Since the last look',
          description: 'What was not looked at for long is not known: the numbers above stand still then.',
          unit: 's',
          queries: [{ expr: 'time() - activity_pipeline_watched_timestamp_seconds', legend: '{{what}}' }],
        },
        {
          title: 'Time of a look',
          description: 'Counting all logs for the ledger takes a twentieth of the time at most.',
          unit: 's',
          queries: [{ expr: 'activity_pipeline_watch_seconds', legend: '{{what}}' }],
        },
      ],
    },
    processRow('connect'),
  ],
};
