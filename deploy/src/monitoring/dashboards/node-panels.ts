// Panels that every service's dashboard ends with.
import type { Row } from '../dashboard.ts';

/** What a Node process takes. */
export function processRow(job: string): Row {
  const of = `{job="${job}",instance=~"$instance"}`;
  return {
    title: 'The process',
    panels: [
      {
        title: 'Processor time',
        description: 'Cores in use. One thread of JavaScript takes one at most.',
        unit: 'short',
        queries: [{ expr: `rate(process_cpu_seconds_total${of}[$__rate_interval])`, legend: '{{instance}}' }],
      },
      {
        title: 'Memory',
        description: 'Resident memory, against the limit of the container.',
        unit: 'bytes',
        queries: [{ expr: `process_resident_memory_bytes${of}`, legend: '{{instance}}' }],
      },
      {
        title: 'Event loop, p99',
        description: 'How late timers fire. Above 100 ms everything that the process does waits.',
        unit: 's',
        thresholds: [0.1, 0.5],
        queries: [{ expr: `nodejs_eventloop_lag_p99_seconds${of}`, legend: '{{instance}}' }],
      },
    ],
  };
}
