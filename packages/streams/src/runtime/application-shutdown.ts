// Asks every member of an application to shut down: joins its group for a moment with join data that say so. The leader
// passes the request on with the assignment, whoever the leader is.
import { setTimeout as sleep } from 'node:timers/promises';
import { RetriableError, type KafkaPort } from '@activity/kafka';
import { readJoinData, writeAssignment, writeJoinData } from './assignor.ts';

/** Whom to ask. Times in milliseconds. */
export interface ShutdownRequest {
  kafka: Pick<KafkaPort, 'createMember'>;
  applicationId: string;
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
}

/** The assignment of a member that is to shut down. */
const shutDown: Buffer = writeAssignment({ tasks: [], pending: 0, refused: false, shutdown: true });

/**
 * Asks every member of the application's group to shut down. Resolves when all of them have left.
 * @throws RetriableError where some have not within the time of two rebalances.
 */
export async function requestShutdown({
  kafka,
  applicationId,
  sessionTimeoutMs,
  rebalanceTimeoutMs,
}: ShutdownRequest): Promise<void> {
  const alone = Promise.withResolvers<void>();
  const member = kafka.createMember({
    groupId: applicationId,
    groupInstanceId: null,
    topics: [],
    sessionTimeoutMs,
    rebalanceTimeoutMs,
    handler: {
      beforeJoin: async () => writeJoinData({ instanceId: '', owned: [], stored: [], shutdown: true }),
      async assign(members) {
        // It stays until nobody else is there: a member that misses one assignment gets the next. Another instance that asks the
        // same waits for nobody but such as this one.
        if (members.every(({ userData }) => readJoinData(userData).shutdown)) alone.resolve();
        return new Map(members.map(({ memberId }) => [memberId, shutDown]));
      },
      onAssigned: async () => false,
      onLost: async () => {},
      onFatal: alone.reject,
    },
  });
  const done = new AbortController();
  member.start();
  try {
    await Promise.race([alone.promise, timeout(2 * rebalanceTimeoutMs, done.signal)]);
  } finally {
    done.abort();
    await member.close({ leave: true });
  }
}

async function timeout(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => {});
  if (signal.aborted) return;
  throw new RetriableError('TIMED_OUT', 'waiting until every member has left the group');
}
