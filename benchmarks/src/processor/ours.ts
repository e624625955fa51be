// Runs the benchmark's job on packages/streams, exactly once.
// Arguments: brokers, application id, input, enriched, counts, state folder or '' for memory, threads, 'dsl'
// or 'processors'.
import { runStreams } from '../shared/run-streams.ts';

const [
  brokers = '',
  applicationId = '',
  input = '',
  enriched = '',
  counts = '',
  stateDir = '',
  threads = '1',
  style = 'dsl',
] = process.argv.slice(2);

const topology = {
  url: new URL('./job.ts', import.meta.url),
  options: { input, enriched, counts, dsl: style === 'dsl' },
};
await runStreams({ brokers, applicationId, topology, stateDir, threads });
