// The user's record: totals that only grow, and rolling counts that fall again.
import type { EnrichedLog, UserActivity } from '@activity/contracts';
import type { KeyValueStore, Processor, ProcessorContext, ProcessorSupplier } from '@activity/streams';
import { addToUser } from './count.ts';

/** Adds each log to its user's totals, and passes nothing on. */
export function countTotals(store: string): ProcessorSupplier<string, EnrichedLog, string, never> {
  return function createCountTotals(): Processor<string, EnrichedLog, string, never> {
    let users: KeyValueStore<string, UserActivity>;
    return {
      init(context) {
        users = context.keyValueStore(store);
      },
      process({ key, value, timestamp }) {
        users.put(key, addToUser(users.get(key), value), timestamp);
      },
    };
  };
}

/** Passes on the user's record with the rolling counts it has now: over 5 minutes, 1 hour and 24 hours. */
export function withRolling(store: string): ProcessorSupplier<string, number[], string, UserActivity> {
  return function createWithRolling(): Processor<string, number[], string, UserActivity> {
    let context: ProcessorContext<string, UserActivity>;
    let users: KeyValueStore<string, UserActivity>;
    return {
      init(given) {
        context = given;
        users = given.keyValueStore(store);
      },
      process({ key, value: [last5m = 0, last1h = 0, last24h = 0], timestamp, headers }) {
        const known = users.get(key);
        if (!known) return;
        const user = { ...known, rolling: { last5m, last1h, last24h } };
        users.put(key, user, timestamp);
        context.forward({ key, value: user, timestamp, headers });
      },
    };
  };
}
