// What an application with several threads cannot be given: functions do not pass from one thread to another.
import type { Topology } from '../topology/topology.ts';
import { FatalError } from '../api/errors.ts';
import type { FailureChoices } from './failure-policy.ts';
import { isModule, type TopologyModule } from './topology-module.ts';

/** The settings that depend on the number of threads. */
export interface ThreadChoices {
  threads: number;
  topology: Topology | TopologyModule;
  onFailure: FailureChoices['onFailure'];
}

/** @throws FatalError with CONFIGURATION_INVALID that says what to give instead. */
export function checkThreads({ threads, topology, onFailure }: ThreadChoices): void {
  if (!Number.isSafeInteger(threads) || threads < 1) {
    throw new FatalError('CONFIGURATION_INVALID', `threads must be 1 or more, not ${threads}`);
  }
  if (threads > 1 && !isModule(topology)) {
    throw new FatalError(
      'CONFIGURATION_INVALID',
      'threads need the topology as a module: { url: new URL(…) }',
    );
  }
  if (threads > 1 && Object.values(onFailure ?? {}).some((choice) => typeof choice === 'function')) {
    throw new FatalError(
      'CONFIGURATION_INVALID',
      "threads take no functions in onFailure: say 'fail', 'continue' or 'deadLetter'",
    );
  }
}
