// How a benchmark begins: with its help, and so that nothing it has started outlives it.
import { readArguments } from '@activity/service';
import { onStopSignals } from '@activity/testbed/process/stop-signals';

/**
 * Prints the help where it is asked for, and ends the process at a signal. What is registered is killed when
 * the process exits.
 */
export function begin(usage: string, stop: () => Promise<void> = () => Promise.resolve()): void {
  readArguments({ usage });
  onStopSignals(
    (why) => {
      console.error(`stopping (${why})`);
      void stop().finally(() => process.exit(1));
    },
    () => process.exit(1),
  );
}
