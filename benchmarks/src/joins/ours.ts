// Runs one join of the benchmark on packages/streams, exactly once.
// Arguments: brokers, application id, kind, left, right, output, state folder or '' for memory, threads.
import { runStreams } from '../shared/run-streams.ts';

const [
  brokers = '',
  applicationId = '',
  kind = '',
  left = '',
  right = '',
  output = '',
  stateDir = '',
  threads = '1',
] = process.argv.slice(2);

const topology = { url: new URL('./job.ts', import.meta.url), options: { kind, left, right, output } };
await runStreams({ brokers, applicationId, topology, stateDir, threads });
