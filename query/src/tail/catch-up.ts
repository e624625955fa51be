// What was stored between two places of the change stream: for a reader that comes back.
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
 * Whether a failure to catch up means that it cannot be done: the token is none of this MongoDB's, or its place is no longer kept. The
 * server says so with many codes; of those that it has for other reasons, none says that it is away.
 */
export function cannotCatchUp(error: unknown): boolean {
  return error instanceof MongoServerError && !isAway(error);
}

/** Yields what was stored behind `after`, up to and including `until`, in slices. */
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
  try {
    for (;;) {
      const change = await stream.tryNext();
      if (change === null) {
        const { _data: reached = '' } = (stream.resumeToken ?? {}) as { _data?: string };
        if (reached >= until) return;
        continue;
      }
      const token = (change._id as { _data: string })._data;
      if (token > until) return;
      yield { token, log: change.fullDocument };
    }
  } finally {
    await stream.close();
  }
}
