// Runs the restart benchmark's job, and reports to its parent when it runs, what it restores, and what it
// commits. Arguments: brokers, application id, input, output, state folder, kind of state.
import { createStreams, noMetrics } from '@activity/streams';

const [brokers = '', applicationId = '', input = '', output = '', stateDir = '', kind = ''] =
  process.argv.slice(2);
const report = (message: object): void => console.log(JSON.stringify({ at: Date.now(), ...message }));

const streams = createStreams({
  applicationId,
  // Kept where the state folder is lost, as a pod of a StatefulSet keeps its name.
  instanceId: 'restarted',
  topology: { url: new URL('./job.ts', import.meta.url), options: { kind, input, output } },
  brokers: brokers.split(','),
  stateDir,
  metrics: {
    ...noMetrics,
    restored: (_task, _store, records) => report({ restored: records }),
    committed: (records) => report({ committed: records }),
  },
  onState: (state) => report({ state }),
});
process.on('SIGTERM', () => {
  void streams.close().then(() => process.exit(0));
});
await streams.start();
