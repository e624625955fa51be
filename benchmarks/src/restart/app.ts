// Runs the restart benchmark's job, and reports to its parent when it runs, what it restores, and what it
// commits. Arguments: brokers, application id, input, output, state folder, kind of state.
import { createStreams, noMetrics } from '@activity/streams';

const [brokers = '', applicationId = '', input = '', output = '', stateDir = '', kind = ''] =
  process.argv.slice(2);
const tell = (message: object): void => console.log(JSON.stringify({ at: Date.now(), ...message }));

const streams = createStreams({
  applicationId,
  topology: { url: new URL('./job.ts', import.meta.url), options: { kind, input, output } },
  brokers: brokers.split(','),
  stateDir,
  metrics: {
    ...noMetrics,
    restored: (_task, _store, records, remaining) => tell({ restored: records, remaining }),
    committed: (records) => tell({ committed: records, rss: process.memoryUsage.rss() }),
  },
  onState: (state) => tell({ state }),
});
process.on('SIGTERM', () => {
  void streams.close().then(() => process.exit(0));
});
await streams.start();
