// A process that runs the counts topology until it is told to end,
// or killed; it prints its states, a line each.
import { createStreams, type StreamsOptions } from '../start.ts';
import type { CountsOptions } from './counts-topology.ts';

/** What it is started with, as JSON in its first argument. */
export interface CountsAppOptions extends Omit<StreamsOptions, 'topology' | 'onState' | 'logger'> {
  counts: CountsOptions;
  /**
   * The module of the topology, beside this one.
   * @default 'counts-topology.ts'
   */
  module?: string;
}

const {
  counts,
  module = 'counts-topology.ts',
  ...options
} = JSON.parse(process.argv[2] ?? '{}') as CountsAppOptions;

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

// SIGUSR2 sets the clock of this process back by an hour, once.
const realNow = Date.now;
let behindMs = 0;
Date.now = () => realNow() - behindMs;
process.on('SIGUSR2', () => {
  behindMs = 3_600_000;
});

const streams = createStreams({
  ...options,
  topology: { url: new URL(module, import.meta.url), options: counts },
  onState: (state, error) => print({ state, ...(error && { error: error.message }) }),
  logger: (level, message) => {
    if (level !== 'debug') print({ level, message });
  },
});
process.once('SIGTERM', () => void streams.close().then(() => process.exit(0)));
await streams.start();
