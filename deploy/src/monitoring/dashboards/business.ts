// The business data: which events come, of whom, and what of them is refused.
import type { Dashboard } from '../dashboard.ts';

/** Users of all partitions: the newest size of each task's store, wherever the task is now. */
const users = 'sum(max by (task) (activity_stream_state_entries{store="users"}))';

/** The dashboard of events, users, types and errors. */
export const business: Dashboard = {
  uid: 'activity-business',
  title: 'Pipeline: business data',
  description: 'Events by type, users, and what was refused. Types after the first 100 are shown as other.',
  rows: [
    {
      title: 'Last 24 hours',
      panels: [
        {
          title: 'Events',
          description: 'Acknowledged by the edge. An event that was sent again counts twice here.',
          kind: 'stat',
          unit: 'short',
          queries: [{ expr: 'sum(increase(activity_ingest_events_by_type_total[24h]))' }],
        },
        {
          title: 'Logs',
          description: 'Made of those events by the processor: each event once.',
          kind: 'stat',
          unit: 'short',
          queries: [{ expr: 'sum(increase(activity_processor_events_by_type_total[24h]))' }],
        },
        {
          title: 'Types',
          description: 'Activity types of which there was an event.',
          kind: 'stat',
          unit: 'short',
          queries: [
            {
              expr: 'count(sum by (type) (increase(activity_processor_events_by_type_total[24h])) > 0) or vector(0)',
            },
          ],
        },
        {
          title: 'Users',
          description:
            'All that the processor knows, whenever they were active. Erased users count until their markers are removed.',
          kind: 'stat',
          unit: 'short',
          queries: [{ expr: users }],
        },
        {
          title: 'Refused',
          description: 'Events that clients sent and the edge did not take. The edge’s board says why.',
          kind: 'stat',
          unit: 'short',
          thresholds: [1, 1_000],
          queries: [{ expr: 'sum(increase(activity_ingest_events_refused_total[24h])) or vector(0)' }],
        },
        {
          title: 'Dead letters',
          description: 'Events that were taken and could not be processed. Normal is 0.',
          kind: 'stat',
          unit: 'short',
          thresholds: [1, 100],
          queries: [{ expr: 'sum(increase(activity_stream_dead_letter_records_total[24h])) or vector(0)' }],
        },
      ],
    },
    {
      title: 'Events',
      panels: [
        {
          title: 'Events by type',
          description: 'Acknowledged by the edge, the ten types of which there are most.',
          unit: 'ops',
          stacked: true,
          queries: [
            {
              expr: 'topk(10, sum by (type) (rate(activity_ingest_events_by_type_total[$__rate_interval])))',
              legend: '{{type}}',
            },
          ],
        },
        {
          title: 'Logs by type',
          description: 'Made by the processor, without duplicates, the ten types of which there are most.',
          unit: 'ops',
          stacked: true,
          queries: [
            {
              expr: 'topk(10, sum by (type) (rate(activity_processor_events_by_type_total[$__rate_interval])))',
              legend: '{{type}}',
            },
          ],
        },
        {
          title: 'Share of each type',
          description: 'Of all logs of the last hour. A type that vanishes is often a client that broke.',
          unit: 'percentunit',
          queries: [
            {
              expr: 'topk(10, sum by (type) (increase(activity_processor_events_by_type_total[1h])) / scalar(sum(increase(activity_processor_events_by_type_total[1h]))))',
              legend: '{{type}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Users',
      panels: [
        {
          title: 'Users',
          description: 'All that the processor knows.',
          unit: 'short',
          queries: [{ expr: users, legend: 'users' }],
        },
        {
          title: 'New users an hour',
          description: 'How many more it knows than an hour before.',
          unit: 'short',
          queries: [
            {
              expr: `${users} - sum(max by (task) (activity_stream_state_entries{store="users"} offset 1h))`,
              legend: 'new',
            },
          ],
        },
        {
          title: 'Logs for each user, 24 h',
          description: 'Logs of the last 24 hours by the number of all users.',
          unit: 'short',
          queries: [
            {
              expr: `sum(increase(activity_processor_events_by_type_total[24h])) / ${users}`,
              legend: 'logs',
            },
          ],
        },
      ],
    },
    {
      title: 'Errors',
      panels: [
        {
          title: 'Refused, by reason',
          description: 'By the edge: invalid is the client’s fault, unavailable comes again.',
          unit: 'ops',
          stacked: true,
          queries: [
            {
              expr: 'sum by (reason) (rate(activity_ingest_events_refused_total[$__rate_interval]))',
              legend: '{{reason}}',
            },
          ],
        },
        {
          title: 'Dead letters, by reason',
          description: 'By the processor. npm run dead-letters -- list shows them.',
          unit: 'ops',
          stacked: true,
          queries: [
            {
              expr: 'sum by (reason) (rate(activity_stream_dead_letter_records_total[$__rate_interval]))',
              legend: '{{reason}}',
            },
          ],
        },
        {
          title: 'Events of the type ERROR',
          description: 'Errors that clients report of themselves.',
          unit: 'ops',
          queries: [
            {
              expr: 'sum(rate(activity_processor_events_by_type_total{type="ERROR"}[$__rate_interval]))',
              legend: 'ERROR',
            },
          ],
        },
      ],
    },
  ],
};
