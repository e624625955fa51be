// Every read of MongoDB: it has a time limit, is timed,
// is logged where it is slow, and now and then explained.
import { FailureError, pace } from '@activity/service';
import type { Logger } from '@activity/service';
import type { Collection, Document, Filter, Sort } from 'mongodb';
import { summaryOf } from './explained.ts';
import { isMissingIndex } from './mongo-errors.ts';
import type { ExplainSummary } from './explained.ts';

/** What reads are counted by. */
export interface ReadMetrics {
  read: (operation: string, seconds: number, documents: number) => void;
  readFailed: (operation: string) => void;
  explained: (operation: string, summary: ExplainSummary) => void;
}

/** What the reads need. */
export interface ReadsOptions {
  /** How long one read may take in MongoDB, in milliseconds. */
  readTimeoutMs: number;
  /** A read that takes longer is logged, in milliseconds. */
  slowReadMs: number;
  /** An operation is explained so often at most, in milliseconds; 0: never. */
  explainEveryMs: number;
  metrics: ReadMetrics;
  logger: Logger;
  now: () => number;
  /** Fails a read that waits for a MongoDB which is silent. */
  guard?: (<T>(work: () => Promise<T>) => Promise<T>) | undefined;
}

/** What a find is told beside its filter. The limit is not left away. */
export interface FindOptions {
  sort?: Sort;
  projection?: Document;
  limit: number;
  skip?: number;
  /** How many documents MongoDB sends at a time. */
  batchSize?: number;
  /** The name of the index to read by; MongoDB's choice where it is not there (yet). */
  index?: string | undefined;
}

/** Reads, each by the name of its operation. */
export interface Reads {
  find: <T extends Document>(
    operation: string,
    collection: Collection<T>,
    filter: Filter<T>,
    options: FindOptions,
  ) => Promise<T[]>;
  /** Hands over each document as it comes, until `see` returns false: memory holds a batch at a time. */
  each: <T extends Document>(
    operation: string,
    collection: Collection<T>,
    filter: Filter<T>,
    options: FindOptions,
    see: (document: T) => boolean,
  ) => Promise<void>;
  /** How many documents there are, counting no further than `limit`. */
  count: <T extends Document>(
    operation: string,
    collection: Collection<T>,
    filter: Filter<T>,
    limit: number,
    index?: string,
  ) => Promise<number>;
  aggregate: <R extends Document, T extends Document>(
    operation: string,
    collection: Collection<T>,
    pipeline: Document[],
    index?: string,
  ) => Promise<R[]>;
  /** How many documents a collection has by its metadata. */
  estimate: <T extends Document>(operation: string, collection: Collection<T>) => Promise<number>;
}

/** Makes the reads. */
export function createReads(options: ReadsOptions): Reads {
  const { readTimeoutMs: maxTimeMS, slowReadMs, explainEveryMs, metrics, logger, now } = options;
  const { guard = async (work) => work() } = options;
  const explainedAt = new Map<string, number>();

  async function timed<R>(
    operation: string,
    documents: (answer: R) => number,
    read: () => Promise<R>,
    explain?: () => Promise<Document>,
  ): Promise<R> {
    const started = performance.now();
    const answer = await guard(read).catch((error: unknown) => {
      // Whoever sees the documents may refuse to take more of them.
      if (!(error instanceof FailureError)) metrics.readFailed(operation);
      throw error;
    });
    const took = performance.now() - started;
    metrics.read(operation, took / 1_000, documents(answer));
    const slow = took > slowReadMs;
    const due = explainEveryMs > 0 && now() - (explainedAt.get(operation) ?? 0) >= explainEveryMs;
    if (explain && due) {
      explainedAt.set(operation, now());
      void explainNow(operation, explain, slow ? took : undefined);
    } else if (slow) logger.warn({ operation, milliseconds: Math.round(took) }, 'a slow read');
    return answer;
  }

  async function explainNow(
    operation: string,
    explain: () => Promise<Document>,
    slowMs: number | undefined,
  ): Promise<void> {
    try {
      const summary = summaryOf(await explain());
      metrics.explained(operation, summary);
      if (slowMs !== undefined) {
        logger.warn({ operation, milliseconds: Math.round(slowMs), ...summary }, 'a slow read');
      }
      if (summary.collectionScan) logger.error({ operation, ...summary }, 'a read that uses no index');
    } catch (error) {
      logger.debug({ operation, error: error instanceof Error ? error.name : '' }, 'explaining a read');
    }
  }

  return {
    find: async (operation, collection, filter, { index, ...findOptions }) => {
      const cursor = (hint: Hint) => collection.find(filter, { maxTimeMS, ...findOptions, ...hint });
      return timed(
        operation,
        (found) => found.length,
        async () => hinted(index, async (hint) => (await collected(cursor(hint))) as never[]),
        async () => hinted(index, async (hint) => cursor(hint).explain('executionStats')),
      );
    },
    async each(operation, collection, filter, { index, ...findOptions }, see) {
      const cursor = (hint: Hint) => collection.find(filter, { maxTimeMS, ...findOptions, ...hint });
      async function seen(hint: Hint): Promise<number> {
        let count = 0;
        for await (const document of cursor(hint)) {
          count++;
          if (!see(document as never)) break;
          if (pace.due) await pace.rest();
        }
        return count;
      }
      await timed(
        operation,
        (count) => count,
        async () => hinted(index, seen),
        async () => hinted(index, async (hint) => cursor(hint).explain('executionStats')),
      );
    },
    count: async (operation, collection, filter, limit, index) =>
      timed(
        operation,
        () => 1,
        async () =>
          hinted(index, async (hint) => collection.countDocuments(filter, { maxTimeMS, limit, ...hint })),
      ),
    aggregate: async (operation, collection, pipeline, index) => {
      const cursor = (hint: Hint) =>
        collection.aggregate(pipeline, { maxTimeMS, allowDiskUse: false, ...hint });
      return timed(
        operation,
        (found) => found.length,
        async () => hinted(index, async (hint) => (await collected(cursor(hint))) as never[]),
        async () => hinted(index, async (hint) => cursor(hint).explain('executionStats')),
      );
    },
    estimate: async (operation, collection) =>
      timed(
        operation,
        () => 1,
        async () => collection.estimatedDocumentCount({ maxTimeMS }),
      ),
  };
}

type Hint = { hint?: string };

/** All documents, with rests between them: MongoDB sends up to 16 MB of them at a time. */
async function collected<T>(documents: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const document of documents) {
    all.push(document);
    if (pace.due) await pace.rest();
  }
  return all;
}

/**
 * Reads by an index; without it where it is not there: the database is not migrated yet, or somebody has
 * dropped it.
 */
async function hinted<R>(index: string | undefined, read: (hint: Hint) => Promise<R>): Promise<R> {
  if (index === undefined) return read({});
  return read({ hint: index }).catch(async (error: unknown) => {
    if (!isMissingIndex(error)) throw error;
    return read({});
  });
}
