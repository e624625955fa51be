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
    servers: Servers;
  }
}

/**
 * The servers of this test run. All tests share them: give topics, databases and groups names of their own, and start
 * another one with `startBroker` and the like where a test breaks it.
 */
export function servers(): Servers {
  return inject('servers');
}
