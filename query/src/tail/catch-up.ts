// What was stored between two places of the change stream: for a reader that comes back.
import { shownLogs } from '@activity/contracts';
import { pace } from '@activity/service';
import type { Collection } from 'mongodb';
import { MongoServerError } from 'mongodb';
import type { ChangeStream, ChangeStreamInsertDocument } from 'mongodb';
import type { LogDocument } from '../logs/log-json.ts';
import { isAway } from '../reads/mongo-errors.ts';
import { storedLogs } from './hub.ts';
import type { StoredLog } from './hub.ts';

/** The form of a token. */
export const tokenPattern: RegExp = /^[0-9A-F]{16,1024}$/;

/**
 * Whether a failure to catch up means that it cannot be done: the token is none of this MongoDB's, or its
 * place is no longer kept. The server says so with many codes; of those that it has for other reasons, none
 * says that it is away.
 */
export function cannotCatchUp(error: unknown): boolean {
  return error instanceof MongoServerError && !isAway(error);
}

/** Changes that are looked up at once. */
const sliceSize = 500;

/**
 * Yields what was stored behind `after`, up to and including `until`,
 * and was neither deleted nor erased since.
 */
export async function* catchUp(
  logs: Collection<LogDocument>,
  after: string,
  until: string,
): AsyncGenerator<StoredLog, void, undefined> {
  const stream: ChangeStream<LogDocument, ChangeStreamInsertDocument<LogDocument>> = logs.watch(storedLogs, {
    resumeAfter: { _data: after },
    maxAwaitTimeMS: 100,
    batchSize: 1_000,
  });
  let slice: StoredLog[] = [];

  /**
   * The change stream keeps what was inserted, also when it is gone:
   * only what is still there may be handed out.
   */
  async function stillThere(): Promise<StoredLog[]> {
    const some = slice;
    slice = [];
    if (some.length === 0) return [];
    const found = await logs
      .find(
        { _id: { $in: some.map(({ log }) => log._id) }, ...shownLogs(new Date()) },
        { projection: { _id: 1 } },
      )
      .toArray();
    const ids = new Set(found.map(({ _id }) => _id));
    return some.filter(({ log }) => ids.has(log._id));
  }

  try {
    for (;;) {
      if (pace.due) await pace.rest();
      const change = await stream.tryNext();
      if (change === null) {
        yield* await stillThere();
        const { _data: reached = '' } = (stream.resumeToken ?? {}) as { _data?: string };
        if (reached >= until) return;
        continue;
      }
      const token = (change._id as { _data: string })._data;
      if (token > until) {
        yield* await stillThere();
        return;
      }
      slice.push({ token, log: change.fullDocument });
      if (slice.length >= sliceSize) yield* await stillThere();
    }
  } finally {
    await stream.close();
  }
}
