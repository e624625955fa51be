// A list of logs as it is answered: a page, its total, and the cursors to the pages beside it.
import { refused } from '../http/parameters.ts';
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
/** Text of this length becomes bytes, so that the heap never holds a whole page of long logs. */
const chunkLength = 65_536;

/** The logs of a page as JSON, in the order of the page, which may be read from its end. */
class PageText {
  readonly #backwards: boolean;
  readonly #chunks: Buffer[] = [];
  #text = '';
  #first: Position | undefined;
  #last: Position | undefined;

  constructor(backwards: boolean) {
    this.#backwards = backwards;
  }

  add(text: string, position: Position): void {
    const separator = this.#first === undefined ? '' : ',';
    this.#text = this.#backwards ? `${text}${separator}${this.#text}` : `${this.#text}${separator}${text}`;
    this.#first ??= position;
    this.#last = position;
    if (this.#text.length >= chunkLength) this.#flush();
  }

  #flush(): void {
    const chunk = Buffer.from(this.#text);
    if (this.#backwards) this.#chunks.unshift(chunk);
    else this.#chunks.push(chunk);
    this.#text = '';
  }

  /** Where the page begins and ends; undefined where it is empty. */
  get ends(): { first: Position | undefined; last: Position | undefined } {
    return this.#backwards
      ? { first: this.#last, last: this.#first }
      : { first: this.#first, last: this.#last };
  }

  /** The page between two texts. */
  between(before: string, after: string): Buffer {
    this.#flush();
    return Buffer.concat([Buffer.from(before), ...this.#chunks, Buffer.from(after)]);
  }
}

/**
 * Returns a list as the bytes of its JSON; `take` is told how long the text of each log is, before the next
 * is read. By cursor, its cost does not grow with the depth, and logs that are added meanwhile move nothing.
 * @throws FailureError where the cursor is not one of this list.
 */
export async function listLogs(
  query: ListQuery,
  { store, cursors, totalOf, deep }: ListDeps,
  take: (bytes: number) => void,
): Promise<Buffer> {
  const { filter, limit, page = 1 } = query;
  const digest = filterDigest(filter);
  const cursor = query.cursor === undefined ? undefined : cursors.read(query.cursor);
  if (query.cursor !== undefined) {
    if (cursor === undefined) throw refused('cursor', 'is none that this service has given');
    if (query.page !== undefined) throw refused('cursor', 'must not be given together with page');
    const same = cursor.digest === digest && cursor.order === (query.order ?? cursor.order);
    if (!same) throw refused('cursor', 'belongs to a list with other filters, or in another order');
  }
  const order = cursor?.order ?? query.order ?? 'newest';
  const backwards = cursor?.side === 'before';
  const logs = new PageText(backwards);
  const skip = cursor ? 0 : (page - 1) * limit;
  async function read(): Promise<boolean> {
    const end = await store.read(filter, { order, limit, skip, beside: cursor }, (log) => {
      const text = JSON.stringify(logJson(log));
      take(text.length);
      logs.add(text, { time: log.timestamp.getTime(), id: log._id });
      return text.length;
    });
    return end.more;
  }
  const [more, total] = await Promise.all([skip > deepFrom ? deep(read) : read(), totalOf(filter)]);

  function beside(side: 'before' | 'after', position: Position | undefined): string | null {
    return position === undefined ? null : cursors.write({ order, side, position, digest });
  }

  // Behind the page that a cursor came from there is something: at least what it came from.
  const hasNext = backwards || more;
  const hasPrev = cursor === undefined ? page > 1 : !backwards || more;
  const pagination = {
    ...(cursor === undefined && { page }),
    limit,
    ...total,
    pages: Math.ceil(total.total / limit),
    next: hasNext ? beside('after', logs.ends.last) : null,
    prev: hasPrev ? beside('before', logs.ends.first) : null,
  };
  return logs.between('{"data":[', `],"pagination":${JSON.stringify(pagination)}}`);
}
