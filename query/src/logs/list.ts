// A list of logs as it is answered: a page, its total, and the cursors to the pages beside it.
import { FailureError } from '@activity/service';
import type { CursorCodec, Order, Position } from './cursor.ts';
import { filterDigest } from './filter.ts';
import type { LogFilter } from './filter.ts';
import { logJson } from './log-json.ts';
import type { LogStore } from './log-store.ts';
import type { Total } from './total.ts';

/** What a list is asked for. */
export interface ListQuery {
  filter: LogFilter;
  order: Order | undefined;
  limit: number;
  /** By number; 1 is the first. */
  page: number | undefined;
  /** By cursor. */
  cursor: string | undefined;
}

/** A log of a page, as JSON. */
interface Listed {
  text: string;
  position: Position;
}

/** What lists are made of. */
export interface ListDeps {
  store: LogStore;
  cursors: CursorCodec;
  totalOf: (filter: LogFilter) => Promise<Total>;
  /** Reads pages that lie deep, by their numbers, in turn. */
  deep: <T>(work: () => Promise<T>) => Promise<T>;
}

/** A page that passes over more logs than these is deep. */
const deepFrom = 1_000;

function refused(message: string): FailureError {
  return new FailureError({ kind: 'validation', details: [{ field: 'cursor', message }] });
}

/**
 * Returns a list as JSON; `take` is told how long each of its texts is, before the next is read. By cursor,
 * its cost does not grow with the depth, and logs that are added meanwhile move nothing.
 * @throws FailureError where the cursor is not one of this list.
 */
export async function listLogs(
  query: ListQuery,
  { store, cursors, totalOf, deep }: ListDeps,
  take: (bytes: number) => void,
): Promise<string> {
  const { filter, limit, page = 1 } = query;
  const digest = filterDigest(filter);
  const cursor = query.cursor === undefined ? undefined : cursors.read(query.cursor);
  if (query.cursor !== undefined) {
    if (cursor === undefined) throw refused('is none that this service has given');
    if (query.page !== undefined) throw refused('must not be given together with page');
    const same = cursor.digest === digest && cursor.order === (query.order ?? cursor.order);
    if (!same) throw refused('belongs to a list with other filters, or in another order');
  }
  const order = cursor?.order ?? query.order ?? 'newest';
  const logs: Listed[] = [];
  const skip = cursor ? 0 : (page - 1) * limit;
  async function read(): Promise<boolean> {
    const end = await store.read(filter, { order, limit, skip, beside: cursor }, (log) => {
      const text = JSON.stringify(logJson(log));
      take(text.length);
      logs.push({ text, position: { time: log.timestamp.getTime(), id: log._id } });
    });
    return end.more;
  }
  const [more, total] = await Promise.all([skip > deepFrom ? deep(read) : read(), totalOf(filter)]);
  if (cursor?.side === 'before') logs.reverse();

  function beside(side: 'before' | 'after', log: Listed | undefined): string | null {
    if (log === undefined) return null;
    return cursors.write({ order, side, position: log.position, digest });
  }

  // Behind the page that a cursor came from there is something: at least what it came from.
  const backwards = cursor?.side === 'before';
  const hasNext = backwards || more;
  const hasPrev = cursor === undefined ? page > 1 : !backwards || more;
  const pagination = {
    ...(cursor === undefined && { page }),
    limit,
    ...total,
    pages: Math.ceil(total.total / limit),
    next: hasNext ? beside('after', logs.at(-1)) : null,
    prev: hasPrev ? beside('before', logs[0]) : null,
  };
  return `{"data":[${logs.map(({ text }) => text).join(',')}],"pagination":${JSON.stringify(pagination)}}`;
}
