// Plays a history on a test driver: records, and what happens to the process between them.
import type { PendingCommit } from './driver-types.ts';
import type { TopologyTestDriver } from './topology-test-driver.ts';

/**
 * What can happen to a process between two records.
 * - `process`, `processSome`: it processes the records that have arrived, or two of each task's.
 * - `begin`: a commit begins. Processing goes on until `succeed`, `fail`, `loseAnswer` or another fault ends
 *   the commit.
 * - `abort`: the open transaction is aborted.
 * - `crash`: the process dies and is started again.
 * - `rebalance`: the tasks move to another process.
 */
export const faults = [
  'process',
  'processSome',
  'begin',
  'succeed',
  'fail',
  'loseAnswer',
  'abort',
  'crash',
  'rebalance',
] as const;
/** One of {@link faults}. */
export type Fault = (typeof faults)[number];

/**
 * Plays a history on a driver with `commits: 'manual'`: calls `pipe` with each record and lets each fault
 * happen. At the end everything is processed and committed, so the outputs can be compared with those of a
 * run without faults.
 * @example
 * const driver = new TopologyTestDriver(topology, { commits: 'manual' });
 * const words = driver.input('words', { key: stringSerde, value: stringSerde });
 * play(driver, [{ key: 'a', at: 0 }, 'begin', 'crash'], ({ key, at }) => words.pipe(key, 'hello', at));
 */
export function play<R extends object>(
  driver: TopologyTestDriver,
  history: Iterable<R | Fault>,
  pipe: (record: R) => void,
): void {
  const happen = faultMachine(driver);
  for (const event of history) {
    if (typeof event === 'string') happen(event);
    else pipe(event);
  }
  happen('succeed');
  driver.commit();
}

/**
 * {@link play} for topologies with steps that await: after each event it passes on what came of calls that
 * have settled. A commit begins only where no calls are in flight; a rebalance, an abort or a crash abandons
 * them. At the end it calls `settleAll` until no call is in flight: settle those that are.
 * @example
 * await playAsync(driver, history, pipe, () => calls.splice(0).forEach(({ resolve }) => resolve('done')));
 */
export async function playAsync<R extends object>(
  driver: TopologyTestDriver,
  history: Iterable<R | Fault>,
  pipe: (event: R) => void,
  settleAll: () => void,
): Promise<void> {
  const happen = faultMachine(driver);
  for (const event of history) {
    if (typeof event === 'string') happen(event);
    else pipe(event);
    await driver.settle();
  }
  happen('succeed');
  driver.commit();
  while (driver.callsInFlight > 0) {
    settleAll();
    await driver.settle();
    driver.commit();
  }
}

/** Lets faults happen to a driver. */
function faultMachine(driver: TopologyTestDriver): (fault: Fault) => void {
  let pending: PendingCommit | undefined;
  return function happen(fault: Fault): void {
    switch (fault) {
      case 'process':
        driver.process();
        return;
      case 'processSome':
        driver.process(2);
        return;
      case 'begin':
        if (!pending && driver.prepareCommit()) pending = driver.beginCommit();
        return;
      case 'succeed':
      case 'fail':
      case 'loseAnswer':
        pending?.[fault]();
        break;
      case 'abort':
        driver.abort();
        break;
      case 'crash':
        driver.crash();
        break;
      case 'rebalance':
        pending?.succeed();
        driver.rebalance();
        break;
    }
    pending = undefined;
  };
}
