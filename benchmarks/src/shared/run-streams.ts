// Runs a job on packages/streams, exactly once, until SIGTERM; prints `STATE …` at each change of its state.
import { createStreams } from '@activity/streams';

/** A job of a benchmark, as its script gets it by its arguments. */
export interface StreamsJob {
  brokers: string;
  applicationId: string;
  /** The module that has the topology, and what it is made with. */
  topology: { url: URL; options: unknown };
  /** Where state is on disk; '' for memory. */
  stateDir: string;
  threads: string;
}

export async function runStreams({ brokers, stateDir, threads, ...job }: StreamsJob): Promise<void> {
  const streams = createStreams({
    ...job,
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
}
