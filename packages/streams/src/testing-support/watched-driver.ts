// Test drivers that note what is dropped, what is late, and what fails.
import type { Topology } from '../topology/topology.ts';
import { TopologyTestDriver } from '../testing/topology-test-driver.ts';

/** A driver, and what it has noted by now. */
export interface WatchedDriver {
  driver: TopologyTestDriver;
  /** Why records were dropped, in order. */
  dropped: readonly string[];
  lateRecords: () => number;
}

/** Notes what is dropped, and how much is late. */
export function watchedDriver(topology: Topology): WatchedDriver {
  const dropped: string[] = [];
  let late = 0;
  const driver = new TopologyTestDriver(topology, {
    metrics: { dropped: (_task, reason) => dropped.push(reason), late: () => late++ },
  });
  return { driver, dropped, lateRecords: () => late };
}

/** Goes on after what fails, and notes it: the input record, and the key of what was held back. */
export function forgivingDriver(topology: Topology): {
  driver: TopologyTestDriver;
  failed: readonly [record: unknown, outputKey: unknown][];
} {
  const failed: [unknown, unknown][] = [];
  const driver = new TopologyTestDriver(topology, {
    failures: {
      processing({ record, output }) {
        failed.push([record, output?.key]);
        return 'continue';
      },
    },
  });
  return { driver, failed };
}
