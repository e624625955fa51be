// Plays a history on a test driver: records, and what happens to the process between them.
import type { PendingCommit, TopologyTestDriver } from './topology-test-driver.ts';

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
  let pending: PendingCommit | undefined;
  function happen(fault: Fault): void {
    switch (fault) {
      case 'process':
        driver.process();
        return;
      case 'processSome':
        driver.process(2);
        return;
      case 'begin':
        pending ??= driver.beginCommit();
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
  }
  for (const event of history) {
    if (typeof event === 'string') happen(event);
    else pipe(event);
  }
  happen('succeed');
  driver.commit();
}
