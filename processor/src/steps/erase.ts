// Erase: forgets a user's state, and leaves markers where their counts were.
import {
  fenceId,
  isoTime,
  windowSizes,
  type Erasure,
  type Marker,
  type WindowSize,
} from '@activity/contracts';
import type {
  KeyValueStore,
  OpenStepState,
  Processor,
  ProcessorContext,
  ProcessorSupplier,
  StepState,
  WindowStore,
} from '@activity/streams';
import { maxAheadMs } from '../incoming.ts';
import type { ErasureCommand } from './admit.ts';
import { arrivalOf } from './arrival.ts';
import type { Tally, UserRecord } from './count.ts';
import { windowStores, type CountTimes } from './count-windows.ts';
import { originOf, originStore, wholeFrom, type Origin } from './origin.ts';
import { peopleStore, stranger, type People } from './person.ts';
import { earlierKey } from './sessions.ts';
import { usersStore } from './user.ts';

/** The outputs for the markers that show the eraser how far the sink is. */
export const logFenceOutput = 'log-fence';
export const countFenceOutput = 'count-fence';

/** The stores of our own that hold something of a user, and the one that says where the input begins. */
export const storesOfUsers: readonly string[] = [
  originStore,
  peopleStore,
  usersStore,
  ...Object.values(windowStores),
];

/** What an erasure needs to know. Times in milliseconds. */
export interface EraseOptions extends CountTimes {
  /** The steps of the engine that remember users. */
  steps: readonly StepState<string>[];
}

const sizes = Object.keys(windowSizes) as WindowSize[];

/**
 * Carries an erasure out, and passes it on. Windows that are open become markers; those that are closed, and
 * late counts, are the eraser's, which knows them by the id of the newest log in them.
 */
export function erase({
  graceMs,
  stateMs,
  steps,
}: EraseOptions): ProcessorSupplier<string, ErasureCommand, string, Erasure> {
  return function createErase(): Processor<string, ErasureCommand, string, Erasure> {
    let context: ProcessorContext<string, Erasure>;
    let people: People;
    let users: KeyValueStore<string, UserRecord>;
    let windows: Record<WindowSize, WindowStore<string, Tally>>;
    let states: OpenStepState<string>[];
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

    return {
      init(given) {
        context = given;
        origin = originOf(given);
        people = given.keyValueStore(peopleStore);
        users = given.keyValueStore(usersStore);
        windows = {
          minute: given.windowStore(windowStores.minute),
          hour: given.windowStore(windowStores.hour),
          day: given.windowStore(windowStores.day),
        };
        states = steps.map((step) => step.open(given));
      },
      process({ key: userId, value: { id, requestedAt }, timestamp }) {
        const processedAt = isoTime(context.now());
        people.put(userId, { ...stranger, erasedBy: id }, timestamp);
        if (people.get(earlierKey(userId)) !== undefined) people.delete(earlierKey(userId));
        for (const state of states) state.forget(userId);
        const user: Marker = { _id: userId, deletedAt: processedAt, by: id };
        const before = users.get(userId);
        const newest = before === undefined ? -1 : 'deletedAt' in before ? before.by : before.lastId;
        // Read again from the beginning, the record may already be of a time after this erasure.
        if (newest < id) users.put(userId, user, timestamp);
        // Who is not known has no windows.
        if (before !== undefined) for (const size of sizes) eraseWindows(userId, id, size, newest >= id);
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
