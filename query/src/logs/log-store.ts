// Reads of the logs: pages by keyset or by number, one log,
// everything in slices. Delete markers are never seen.
import { maxPartitions, shownLogs } from '@activity/contracts';
import type { Collection, Filter } from 'mongodb';
import type { FindOptions, Reads } from '../reads/reads.ts';
import type { Order, Position } from './cursor.ts';
import { indexFor, mongoFilter } from './filter.ts';
import type { LogFilter } from './filter.ts';
import type { LogDocument } from './log-json.ts';
import { logProjection } from './log-json.ts';
import type { SliceBounds } from './export.ts';
import type { NumberRange } from './received.ts';

/** Which slice of a list is asked for. */
export interface Slice {
  order: Order;
  limit: number;
  /** The slice ends with the log that takes its text over this many characters. */
  maxLength?: number;
  /** How many logs to pass over first. */
  skip?: number;
  /** Beside which log it begins, which is not in it. */
  beside?: { side: 'before' | 'after'; position: Position } | undefined;
}

/** Where a page of logs ends, in the direction that it is read. */
export interface SliceEnd {
  /** Whether there are more. */
  more: boolean;
}

/** A log that may be stored some time. */
export interface WantedLog {
  /** Its number, or its `eventId`. */
  id: string;
  /** Whose it is to be. */
  userId: string | undefined;
}

/** What a log is known by. */
export type LogKey = Pick<LogDocument, '_id' | 'eventId' | 'userId'>;

/** What the routes read. */
export interface LogStore {
  /** Hands over the logs of a slice, in the direction that is read; `see` returns the length of its text. */
  read: (filter: LogFilter, slice: Slice, see: (log: LogDocument) => number) => Promise<SliceEnd>;
  /** The same for the logs of a range of numbers, the lowest first. */
  readNumbered: (
    filter: LogFilter,
    range: NumberRange,
    bounds: SliceBounds,
    see: (log: LogDocument) => number,
  ) => Promise<SliceEnd>;
  /**
   * With a user, the newest log of theirs with that `eventId`; without one, by `_id` where the text is a
   * number, else by `eventId`.
   */
  find: (idOrEventId: string, userId: string | undefined) => Promise<LogDocument | undefined>;
  /** Which of these are stored. */
  stored: (wanted: WantedLog[]) => Promise<LogKey[]>;
}

const newestFirst = { timestamp: -1, _id: -1 } as const;
const oldestFirst = { timestamp: 1, _id: 1 } as const;

/**
 * How many logs MongoDB sends at a time: about 128 KiB by the longest of those that were read last, as a log
 * has from 300 bytes to 256 KB.
 */
class BatchSize {
  #length = 4_096;

  saw(length: number): void {
    this.#length = Math.max(length, this.#length * 0.99);
  }

  get current(): number {
    return Math.min(100, Math.ceil(131_072 / this.#length));
  }
}

/** The `_id` that a text may be. */
export function idOf(text: string): number | undefined {
  return /^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
}

/** The store on MongoDB. */
export function createLogStore(reads: Reads, logs: Collection<LogDocument>, now: () => number): LogStore {
  const batch = new BatchSize();
  const isShown = (): object => shownLogs(new Date(now()));
  async function newest(operation: string, filter: Filter<LogDocument>): Promise<LogDocument | undefined> {
    const shown = { ...filter, ...isShown() } as Filter<LogDocument>;
    const options = { sort: newestFirst, projection: logProjection, limit: 1 };
    return (await reads.find(operation, logs, shown, options))[0];
  }

  /** Hands over the first logs of a read, within bounds. */
  async function slice(
    operation: string,
    query: Filter<LogDocument>,
    options: Pick<FindOptions, 'sort' | 'index' | 'skip'>,
    { limit, maxLength }: SliceBounds,
    see: (log: LogDocument) => number,
  ): Promise<SliceEnd> {
    // One more than are handed over: whether there are more.
    const most = limit + 1;
    const batchSize = Math.min(most, batch.current);
    const read = { ...options, projection: logProjection, limit: most, batchSize };
    let left = limit;
    let length = 0;
    let more = false;
    await reads.each(operation, logs, query, read, (log) => {
      if (left === 0 || length >= maxLength) {
        more = true;
        return false;
      }
      const own = see(log);
      batch.saw(own);
      length += own;
      left--;
      return true;
    });
    return { more };
  }

  return {
    async read(filter, { order, limit, maxLength = Infinity, skip = 0, beside }, see) {
      const down = (order === 'newest') !== (beside?.side === 'before');
      const shown = { ...mongoFilter(filter), ...isShown() } as Filter<LogDocument>;
      const query = beside === undefined ? shown : from(shown, beside.position, down);
      const options = {
        sort: down ? newestFirst : oldestFirst,
        index: indexFor(filter),
        ...(skip > 0 && { skip }),
      };
      return slice(skip > 0 ? 'logs.skip' : 'logs.page', query, options, { limit, maxLength }, see);
    },

    async readNumbered(filter, { from: lowest, to, partitions }, bounds, see) {
      const query = {
        ...mongoFilter(filter),
        _id: { $gte: lowest, $lt: to },
        ...isShown(),
        ...(partitions && { $or: partitions.map((one) => ({ _id: { $mod: [maxPartitions, one] } })) }),
      } as Filter<LogDocument>;
      const options = { sort: { _id: 1 }, index: '_id_' } as const;
      return slice('logs.numbered', query, options, bounds, see);
    },

    async find(idOrEventId, userId) {
      if (userId !== undefined) return newest('logs.byEvent', { eventId: idOrEventId, userId });
      const id = idOf(idOrEventId);
      return id === undefined
        ? newest('logs.byEvent', { eventId: idOrEventId })
        : newest('logs.byId', { _id: id });
    },

    async stored(wanted) {
      const anyones = wanted.filter(({ userId }) => userId === undefined).map(({ id }) => id);
      const numbers = anyones.flatMap((id) => idOf(id) ?? []);
      const events = anyones.filter((id) => idOf(id) === undefined);
      const theirs = wanted.filter(({ userId }) => userId !== undefined);
      const $or = [
        ...(numbers.length > 0 ? [{ _id: { $in: numbers } }] : []),
        ...(events.length > 0 ? [{ eventId: { $in: events } }] : []),
        ...theirs.map(({ id: eventId, userId }) => ({ eventId, userId })),
      ];
      const shown = { $or, ...isShown() } as Filter<LogDocument>;
      // One of each kind: an id that many share is found, if not all that have it.
      const options = { projection: { eventId: 1, userId: 1 }, limit: 2 * wanted.length };
      return reads.find('logs.stored', logs, shown, options);
    },
  };
}

/**
 * Narrows a filter to what is behind a position. The bound of time is the index's, the rest settles ties. A
 * position is within the bounds of its list, so that its own replaces the one of its side.
 */
function from(filter: Filter<LogDocument>, { time, id }: Position, down: boolean): Filter<LogDocument> {
  const at = new Date(time);
  const { $gte, ...upper } = filter['timestamp'] as { $gte: Date; $lt?: Date };
  const past = down ? '$lt' : '$gt';
  return {
    ...filter,
    timestamp: down ? { $gte, $lte: at } : { ...upper, $gte: at },
    $or: [{ timestamp: { [past]: at } }, { timestamp: at, _id: { [past]: id } }],
  };
}
