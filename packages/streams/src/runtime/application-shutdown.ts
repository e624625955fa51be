// Asks every member of an application to shut down: joins its group for a moment with join data that say so.
// The leader passes the request on with the assignment, whoever the leader is.
import { setTimeout as sleep } from 'node:timers/promises';
import { RetriableError, type KafkaPort } from '@activity/kafka';
import { readAssignment, writeAssignments, writeJoinData } from './assignor.ts';
import { planShutdown, readMembers } from './group-plan.ts';

/** Whom to ask. Times in milliseconds. */
export interface ShutdownRequest {
  kafka: Pick<KafkaPort, 'createMember'>;
  applicationId: string;
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
}

/**
 * Asks every member of the application's group to shut down. Resolves when all of them have left; members
 * that join after the request are not meant.
 * @throws RetriableError where some have not left within the time of two rebalances.
 */
export async function requestShutdown({
  kafka,
  applicationId,
  sessionTimeoutMs,
  rebalanceTimeoutMs,
}: ShutdownRequest): Promise<void> {
  const over = Promise.withResolvers<void>();
  let passedOn = false;
  const member = kafka.createMember({
    groupId: applicationId,
    groupInstanceId: null,
    topics: [],
    sessionTimeoutMs,
    rebalanceTimeoutMs,
    handler: {
      beforeJoin: async () =>
        writeJoinData({ instanceId: '', owned: [], stored: [], shutdown: true, passedOn }),
      async assign(subscriptions) {
        return writeAssignments(planShutdown(readMembers(subscriptions)) ?? new Map());
      },
      // It stays while somebody is told: a member that misses one assignment gets the next.
      async onAssigned(bytes) {
        passedOn = true;
        if (readAssignment(bytes).shutdown !== true) over.resolve();
        return false;
      },
      onLost: async () => {},
      onFatal: over.reject,
    },
  });
  const done = new AbortController();
  member.start();
  try {
    await Promise.race([over.promise, timeout(2 * rebalanceTimeoutMs, done.signal)]);
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
