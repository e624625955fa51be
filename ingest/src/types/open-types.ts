// The edge's catalogue of types: followed, judged by, and changed.
import { EventTypes, TypeChanges, TypesFollower } from '@activity/catalogue';
import { createKafka } from '@activity/kafka';
import type { KafkaSecurity, Logger, Readiness } from '@activity/service';

/** What it needs. */
export interface OpenTypesOptions {
  brokers: readonly string[];
  security: KafkaSecurity;
  /** The types topic. */
  topic: string;
  /** ACTIVITY_TYPES. */
  builtIn: readonly string[];
  /** UNKNOWN_TYPES. */
  unknown: 'refuse' | 'take';
  logger: Logger;
}

/** The catalogue, while the edge runs. */
export interface OpenTypes {
  types: EventTypes;
  changes: TypeChanges;
  /** Whether ACTIVITY_TYPES registers a type. */
  isBuiltIn: (name: string) => boolean;
  /** Not ready until the catalogue has been read once, else what the edge itself says. */
  readiness: (own: Readiness) => Readiness;
  /** Resolves when the catalogue has been read once. @throws Error where that takes more than `withinMs`. */
  untilReady: (withinMs: number) => Promise<void>;
  close: () => Promise<void>;
}

/** How long a change may take, in milliseconds: less than a client waits. */
const changeDeadlineMs = 10_000;

/** Opens it; resolves at once. */
export function openTypes({
  brokers,
  security,
  topic,
  builtIn,
  unknown,
  logger,
}: OpenTypesOptions): OpenTypes {
  const kafka = createKafka({
    brokers,
    security,
    clientId: 'activity-ingest-types',
    requestTimeoutMs: 5_000,
    retryForMs: 1_000,
  });
  const follower: TypesFollower = new TypesFollower({
    kafka,
    topic,
    log: logger,
    onChange: (names) => types.known.update(follower, names),
  });
  const types = new EventTypes({
    builtIn,
    unknown,
    isRead: () => follower.isReady,
    onUncheckable: (type, reason) => logger.error({ type, reason }, 'the schema of a type cannot be used'),
  });
  follower.start();
  return {
    types,
    changes: new TypeChanges({ kafka, topic, follower, now: Date.now, deadlineMs: changeDeadlineMs }),
    isBuiltIn: (name) => types.known.isBuiltIn(name),
    readiness(own) {
      const { unread } = follower;
      return own.ready && unread !== undefined ? { ready: false, reason: unread } : own;
    },
    untilReady: async (withinMs) => follower.untilReady(withinMs),
    async close() {
      await follower.close();
      await kafka.close();
    },
  };
}
