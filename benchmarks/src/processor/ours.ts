// Runs the benchmark's job on packages/streams, exactly once.
// Arguments: brokers, application id, input, enriched, counts, state folder or '' for memory, threads, 'dsl'
// or 'processors'.
import { createStreams } from '@activity/streams';

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

const streams = createStreams({
  applicationId,
  topology: {
    url: new URL('./job.ts', import.meta.url),
    options: { input, enriched, counts, dsl: style === 'dsl' },
  },
  threads: Number(threads),
  brokers: brokers.split(','),
  ...(stateDir !== '' && { stateDir }),
  onState: (state, error) => {
    console.log(`STATE ${state}`);
    if (error) console.error(error);
  },
});
process.on('SIGTERM', () => {
  void streams.close().then(() => process.exit(0));
});
await streams.start();
