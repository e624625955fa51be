// The servers that integration tests share, as they see them.
import { inject } from 'vitest';

/** Addresses of the real servers that run while integration tests do. */
export interface Servers {
  /** `host:port` of the Kafka broker. */
  kafka: string;
  /** The URL of MongoDB, a replica set of one member; choose a database of your own. */
  mongodb: string;
  /** The URL of Kafka Connect's REST interface. */
  connect: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    /** One set for each lane: for each file that runs at the same time. */
    servers: Servers[];
  }
}

/**
 * The servers of this test's lane. All tests of the lane share them, one file after the other: give topics,
 * databases and groups names of their own, and start another one with `startBroker` and the like where a test
 * breaks it.
 */
export function servers(): Servers {
  const sets = inject('servers');
  const lane = Number(process.env['VITEST_POOL_ID'] ?? 1) - 1;
  const set = sets[lane % sets.length];
  if (!set) throw new Error('no servers: this test runs outside of the projects that start them');
  return set;
}
