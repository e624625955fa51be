// The connection to MongoDB of a process that may start before MongoDB does, or outlive it.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from './logger.ts';
import { reasonOf } from './refusals.ts';
import { untilDone } from './until-done.ts';

/** Options of the driver's by which an outage is noticed, and its end, within seconds. */
export const promptly: {
  serverSelectionTimeoutMS: number;
  connectTimeoutMS: number;
  heartbeatFrequencyMS: number;
} = { serverSelectionTimeoutMS: 2_000, connectTimeoutMS: 2_000, heartbeatFrequencyMS: 2_000 };

/** What is needed of a `MongoClient`. */
export interface MongoConnection {
  connect: () => Promise<unknown>;
  close: () => Promise<void>;
  on: (
    event: 'topologyDescriptionChanged',
    listener: (change: { newDescription: { servers: { size: number } } }) => void,
  ) => unknown;
}

/** How a connection is kept. */
export interface KeepConnectedOptions {
  /** Ends the retries. */
  signal: AbortSignal;
  logger: Logger;
  /** Called with the reason of each failed try. */
  onFailure?: (reason: string) => void;
}

/**
 * Connects a client, and retries until that succeeds. A client whose first connection fails is of no use
 * until `connect()` is called again: its implicit connection is tried once. Later outages are the driver's to
 * survive, with one exception, which is mended here: a client that has dropped all its servers, since they
 * were no members of the set when it asked, never asks again.
 *
 * Resolves when the client is connected for the first time, or when the signal is aborted.
 */
export async function keepConnected(
  client: MongoConnection,
  { signal, logger, onFailure }: KeepConnectedOptions,
): Promise<void> {
  let connecting: Promise<void> | undefined;

  async function connect(): Promise<void> {
    let failed = false;
    await untilDone(() => client.connect(), {
      signal,
      onFailure(error) {
        const reason = reasonOf(error);
        if (!failed) logger.warn({ reason }, 'MongoDB connection failed: retrying');
        failed = true;
        onFailure?.(reason);
      },
    });
    if (failed) logger.info('connected to MongoDB');
  }

  async function connectAgain(): Promise<void> {
    logger.warn('no member of the replica set is left: connecting to MongoDB again');
    await client.close();
    await connect();
  }

  function start(how: () => Promise<void>): Promise<void> {
    connecting ??= how()
      .catch((error: unknown) => {
        if (!signal.aborted) throw error;
      })
      .finally(() => (connecting = undefined));
    return connecting;
  }

  client.on('topologyDescriptionChanged', ({ newDescription: { servers } }) => {
    // During a connect the servers may be dropped as well; its failure leads to the next try.
    if (servers.size === 0 && connecting === undefined && !signal.aborted)
      void sleep(0).then(() => start(connectAgain));
  });
  await start(connect);
}
