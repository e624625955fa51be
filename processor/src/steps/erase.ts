// Erase: forgets a user's state, and leaves markers where their counts were.
import {
  fenceId,
  isoTime,
  parseIsoTime,
  windowSizes,
  type Erasure,
  type Marker,
  type WindowSize,
} from '@activity/contracts';
import { dedupePrefix } from '@activity/streams';
import type {
  ExpiringStore,
  KeyValueStore,
  Processor,
  ProcessorContext,
  ProcessorSupplier,
  WindowStore,
} from '@activity/streams';
import { maxAheadMs, rawKeySerde } from '../incoming.ts';
import type { ErasureCommand } from './admit.ts';
import { arrivalOf } from './arrival.ts';
import type { Tally, UserRecord } from './count.ts';
import { windowStores, type CountTimes } from './count-windows.ts';
import { originOf, originStore, wholeFrom, type Origin } from './origin.ts';
import { peopleStore, stranger, type People } from './person.ts';
import { dedupeStore } from './settle-duplicates.ts';
import { usersStore } from './user.ts';

/** The outputs for the markers that show the eraser how far the sink is. */
export const logFenceOutput = 'log-fence';
export const countFenceOutput = 'count-fence';

/** The stores of the rolling counts. */
const rollingStores: { buckets: string; counts: string; cursors: string } = {
  buckets: 'rolling-buckets',
  counts: 'rolling-counts',
  cursors: 'rolling-cursors',
};

/** Everything that knows a user, and where that began. */
export const storesOfUsers: readonly string[] = [
  originStore,
  peopleStore,
  usersStore,
  ...Object.values(windowStores),
  rollingStores.buckets,
  rollingStores.counts,
  dedupeStore,
];

const rollingBucketMs = 1_000;
const longestRollingMs = 86_400_000;
const sizes = Object.keys(windowSizes) as WindowSize[];

/**
 * Carries an erasure out, and passes it on. Windows that are open become markers; those that are closed, and
 * late counts, are the eraser's, which knows them by the id of the newest log in them.
 */
export function erase({
  graceMs,
  stateMs,
}: CountTimes): ProcessorSupplier<string, ErasureCommand, string, Erasure> {
  return function createErase(): Processor<string, ErasureCommand, string, Erasure> {
    let context: ProcessorContext<string, Erasure>;
    let people: People;
    let users: KeyValueStore<string, UserRecord>;
    let windows: Record<WindowSize, WindowStore<string, Tally>>;
    let buckets: WindowStore<string, number>;
    let rolling: KeyValueStore<string, number[]>;
    let firstCopies: ExpiringStore<string, unknown>;
    let origin: () => Origin;

    /**
     * The latest time of an open window, and what its end is after:
     * minutes go by stream time, the others by arrival.
     */
    function openTimes(size: WindowSize): { latest: number; oldest: number } {
      if (size === 'minute') return { latest: context.streamTime, oldest: context.streamTime - graceMs };
      const arrival = arrivalOf(context);
      return { latest: arrival + maxAheadMs, oldest: arrival - windowSizes.day - stateMs };
    }

    /**
     * Erased before, under another application id: what is stored of a window that is not whole here may be
     * of later.
     */
    function eraseWindows(userId: string, by: number, size: WindowSize, before: boolean): void {
      const length = windowSizes[size];
      const { latest, oldest } = openTimes(size);
      const earliest = Math.max(0, Math.floor((oldest - length) / length) * length);
      for (let start = earliest; start <= latest; start += length) {
        if (windows[size].fetch(userId, start) === undefined) continue;
        if (before && start < wholeFrom(origin())) windows[size].delete(userId, start);
        else windows[size].put(userId, { total: 0, byType: {}, lastId: by }, start, start);
      }
    }

    /** Looks the user's seconds up, from the last one backwards, until all that are counted are found. */
    function eraseRolling(userId: string, lastSeen: number): void {
      let left = rolling.get(userId)?.at(-1) ?? 0;
      rolling.delete(userId);
      const newest = Math.floor(Math.max(0, lastSeen) / rollingBucketMs) * rollingBucketMs;
      const oldest = Math.max(0, newest - longestRollingMs - 2 * rollingBucketMs);
      for (let start = newest; left > 0 && start >= oldest; start -= rollingBucketMs) {
        const counted = buckets.fetch(userId, start);
        if (counted === undefined) continue;
        buckets.delete(userId, start);
        left -= counted;
      }
    }

    return {
      init(given) {
        context = given;
        origin = originOf(given);
        people = given.keyValueStore(peopleStore);
        firstCopies = given.expiringStore(dedupeStore);
        users = given.keyValueStore(usersStore);
        windows = {
          minute: given.windowStore(windowStores.minute),
          hour: given.windowStore(windowStores.hour),
          day: given.windowStore(windowStores.day),
        };
        buckets = given.windowStore(rollingStores.buckets);
        rolling = given.keyValueStore(rollingStores.counts);
      },
      process({ key: userId, value: { id, requestedAt }, timestamp }) {
        const processedAt = isoTime(context.now());
        people.put(userId, { ...stranger, erasedBy: id }, timestamp);
        firstCopies.deletePrefix(dedupePrefix(rawKeySerde, userId));
        const user: Marker = { _id: userId, deletedAt: processedAt, by: id };
        const before = users.get(userId);
        const newest = before === undefined ? -1 : 'deletedAt' in before ? before.by : before.lastId;
        // Read again from the beginning, the record may already be of a time after this erasure.
        if (newest < id) users.put(userId, user, timestamp);
        // Who is not known has no windows.
        if (before !== undefined) for (const size of sizes) eraseWindows(userId, id, size, newest >= id);
        const known =
          before === undefined || 'deletedAt' in before ? undefined : parseIsoTime(before.lastSeen);
        eraseRolling(userId, Math.min(context.streamTime, known ?? context.streamTime));
        const fence: Marker = { _id: fenceId(id), deletedAt: processedAt, by: id };
        context.forwardTo(logFenceOutput, { key: String(fence._id), value: fence, timestamp, headers: [] });
        const countFence: Marker = { ...fence, _id: `${userId}|erased|${id}` };
        context.forwardTo(countFenceOutput, {
          key: countFence._id,
          value: countFence,
          timestamp,
          headers: [],
        });
        const erasure: Erasure = { _id: id, userId, requestedAt: isoTime(requestedAt), processedAt };
        context.forward({ key: userId, value: erasure, timestamp, headers: [] });
      },
    };
  };
}
