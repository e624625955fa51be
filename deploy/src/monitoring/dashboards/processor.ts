// The processor: work, commits, state.
import type { Dashboard } from '../dashboard.ts';
import { processRow } from './node-panels.ts';

const of = 'instance=~"$instance"';

/** The processor's dashboard. */
export const processor: Dashboard = {
  uid: 'activity-processor',
  title: 'Pipeline: processor',
  description: 'The stream processor: what it does, what it refuses, its transactions and its state.',
  job: 'processor',
  rows: [
    {
      title: 'Work',
      panels: [
        {
          title: 'Records',
          description: 'Fetched and processed, internal topics included.',
          unit: 'ops',
          queries: [
            {
              expr: `sum(rate(activity_stream_poll_records_total{${of}}[$__rate_interval]))`,
              legend: 'fetched',
            },
            {
              expr: `sum(rate(activity_stream_process_total{${of}}[$__rate_interval]))`,
              legend: 'processed',
            },
          ],
        },
        {
          title: 'Not processed yet, by partition',
          description: 'By the broker, so that it also shows what nobody works on.',
          unit: 'short',
          queries: [
            { expr: 'sum by (partition) (activity_pipeline_processor_lag)', legend: '{{partition}}' },
          ],
        },
        {
          title: 'Not processed yet, by topic',
          description: 'As the processor saw it at its last fetch, internal topics included.',
          unit: 'short',
          queries: [{ expr: `sum by (topic) (activity_stream_records_lag{${of}})`, legend: '{{topic}}' }],
        },
        {
          title: 'One batch of records',
          description: 'Time to process it, without its commit.',
          unit: 's',
          queries: [0.5, 0.99].map((quantile) => ({
            expr: `histogram_quantile(${quantile}, sum by (le) (rate(activity_stream_process_latency_seconds_bucket{${of}}[$__rate_interval])))`,
            legend: `p${quantile * 100}`,
          })),
        },
        {
          title: 'Dropped and late',
          description: 'Duplicates are dropped by design; late records change no closed window.',
          unit: 'ops',
          queries: [
            {
              expr: `sum by (reason) (rate(activity_stream_dropped_records_total{${of}}[$__rate_interval]))`,
              legend: '{{reason}}',
            },
            {
              expr: `sum(rate(activity_stream_late_records_total{${of}}[$__rate_interval]))`,
              legend: 'late',
            },
          ],
        },
        {
          title: 'Dead letters, by reason',
          description: 'npm run dead-letters -- list shows them.',
          unit: 'ops',
          queries: [
            {
              expr: `sum by (reason) (rate(activity_stream_dead_letter_records_total{${of}}[$__rate_interval]))`,
              legend: '{{reason}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Transactions',
      panels: [
        {
          title: 'One commit',
          description:
            'From the end of a batch to the end of its transaction. Tens of milliseconds are normal.',
          unit: 's',
          thresholds: [0.5, 2],
          queries: [0.5, 0.99].map((quantile) => ({
            expr: `histogram_quantile(${quantile}, sum by (le) (rate(activity_stream_commit_latency_seconds_bucket{${of}}[$__rate_interval])))`,
            legend: `p${quantile * 100}`,
          })),
        },
        {
          title: 'Commits',
          description: 'Each commit is one transaction of one thread.',
          unit: 'ops',
          queries: [
            {
              expr: `sum by (instance) (rate(activity_stream_commit_latency_seconds_count{${of}}[$__rate_interval]))`,
              legend: '{{instance}}',
            },
          ],
        },
        {
          title: 'Failed commits, by code',
          description: 'Each goes back to the last commit and repeats its work; nothing is lost.',
          unit: 'ops',
          queries: [
            {
              expr: `sum by (code) (rate(activity_stream_commit_failures_total{${of}}[$__rate_interval]))`,
              legend: '{{code}}',
            },
          ],
        },
      ],
    },
    {
      title: 'State',
      panels: [
        {
          title: 'Ready',
          description: 'Whether each instance processes.',
          unit: 'bool_yes_no',
          queries: [{ expr: `activity_stream_ready{${of}}`, legend: '{{instance}}' }],
        },
        {
          title: 'Still to restore',
          description: 'Changelog records. Falls to 0 after a start or a rebalance.',
          unit: 'short',
          queries: [
            {
              expr: `sum by (store) (activity_stream_restore_remaining_records{${of}})`,
              legend: '{{store}}',
            },
          ],
        },
        {
          title: 'Restored, and rebalances',
          description: 'Records read from changelogs in a second, and rebalances in five minutes.',
          unit: 'short',
          queries: [
            {
              expr: `sum(rate(activity_stream_restore_records_total{${of}}[$__rate_interval]))`,
              legend: 'records/s restored',
            },
            { expr: `sum(increase(activity_stream_rebalance_total{${of}}[5m]))`, legend: 'rebalances' },
          ],
        },
        {
          title: 'Entries, by store',
          description: 'The dedupe store holds a day’s events; windows come and go.',
          unit: 'short',
          queries: [{ expr: `sum by (store) (activity_stream_state_entries{${of}})`, legend: '{{store}}' }],
        },
        {
          title: 'Bytes, by store',
          description: 'Pages on disk.',
          unit: 'bytes',
          queries: [{ expr: `sum by (store) (activity_stream_state_bytes{${of}})`, legend: '{{store}}' }],
        },
        {
          title: 'Room for state',
          description: 'Free bytes on the disk of STATE_DIR.',
          unit: 'bytes',
          queries: [
            { expr: `activity_pipeline_disk_free_bytes{part="processor",${of}}`, legend: '{{instance}}' },
          ],
        },
      ],
    },
    processRow('processor'),
  ],
};
