// Runs the soak's job; prints its own memory every five seconds, in bytes. Mapped files are not counted: they
// are cache. Arguments: brokers, application id, input, output, state folder.
import { readFileSync } from 'node:fs';
import { createStreams } from '@activity/streams';

const [brokers = '', applicationId = '', input = '', output = '', stateDir = ''] = process.argv.slice(2);

function anonymousBytes(): number {
  const match = /RssAnon:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(match?.[1] ?? Number.NaN) * 1024;
}

const streams = createStreams({
  applicationId,
  topology: { url: new URL('./job.ts', import.meta.url), options: { input, output } },
  brokers: brokers.split(','),
  stateDir,
});
process.on('SIGTERM', () => {
  void streams.close().then(() => process.exit(0));
});
await streams.start();
setInterval(() => console.log(anonymousBytes()), 5000);
