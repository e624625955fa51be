// Runs one join of the benchmark on packages/streams, exactly once.
// Arguments: brokers, application id, kind, left, right, output, state folder or '' for memory, threads.
import { createStreams } from '@activity/streams';

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

const streams = createStreams({
  applicationId,
  topology: { url: new URL('./job.ts', import.meta.url), options: { kind, left, right, output } },
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
