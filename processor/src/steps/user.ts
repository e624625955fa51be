// The user's record: totals that only grow, and rolling counts that fall again. Its store's changelog is the
// users topic.
import type { EnrichedLog } from '@activity/contracts';
import type { KeyValueStore, Processor, ProcessorSupplier } from '@activity/streams';
import { addToUser, withRolling, type UserRecord } from './count.ts';

/** The store's name. */
export const usersStore = 'users';

/**
 * Adds each log to its user's totals, and passes nothing on. The store comes back from the users topic under
 * any application id, so totals are never counted again from what is left of the raw topic, and logs that are
 * in them are not added twice.
 */
export function countTotals(): ProcessorSupplier<string, EnrichedLog, string, never> {
  return function createCountTotals(): Processor<string, EnrichedLog, string, never> {
    let users: KeyValueStore<string, UserRecord>;
    return {
      init(context) {
        users = context.keyValueStore(usersStore);
      },
      process({ key, value, timestamp }) {
        users.update(key, timestamp, (user, mayChange) => addToUser(user, value, mayChange));
      },
    };
  };
}

/** Writes the rolling counts of now into the user's record: over 5 minutes, 1 hour and 24 hours. */
export function keepRolling(): ProcessorSupplier<string, number[], string, never> {
  return function createKeepRolling(): Processor<string, number[], string, never> {
    let users: KeyValueStore<string, UserRecord>;
    return {
      init(context) {
        users = context.keyValueStore(usersStore);
      },
      process({ key, value: [last5m = 0, last1h = 0, last24h = 0], timestamp }) {
        const known = users.get(key);
        if (!known || 'deletedAt' in known) return;
        const { rolling } = known;
        if (rolling.last5m === last5m && rolling.last1h === last1h && rolling.last24h === last24h) return;
        users.update(key, timestamp, (_, mayChange) => {
          return withRolling(known, { last5m, last1h, last24h }, mayChange);
        });
      },
    };
  };
}
