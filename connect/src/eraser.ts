// The eraser: removes from MongoDB what is left of erased users, and records receipts. With the sink the only writer there.
import {
  erasureSchema,
  erasedLogsCollection,
  fenceId,
  receiptsCollection,
  collections,
  type ErasedLog,
  type Erasure,
  type ErasureReceipt,
} from '@activity/contracts';
import type { Logger } from '@activity/service';
import type { TopicReader } from '@activity/streams';
import type { Db, Document } from 'mongodb';

/** How long topics keep what they hold, in milliseconds; undefined: for ever. */
export interface Retentions {
  raw: number | undefined;
  enriched: number | undefined;
  deadLetter: number | undefined;
}

/** What an eraser needs. */
export interface EraserOptions {
  db: Db;
  reader: TopicReader;
  /** The erasures topic. */
  topic: string;
  retentions: () => Promise<Retentions>;
  /** How long markers stay: an erasure older than half of that waits for none. */
  markerTtlMs: number;
  /** How often everything is applied again all the same. */
  againEveryMs: number;
  now: () => number;
  logger: Logger;
  /** Told how many erasures wait and how many were carried out, for metrics. */
  onLook?: (counts: { waiting: number; kept: number }) => void;
}

/** Stages over the markers of logs: those of erased logs of which it is not noted yet that a command has deleted them too. */
export const deletedOfErased: readonly Document[] = [
  { $lookup: { from: erasedLogsCollection, localField: '_id', foreignField: '_id', as: 'erased' } },
  { $match: { 'erased._id': { $exists: true }, 'erased.deleted': { $exists: false } } },
];

const hourMs = 3_600_000;

interface LogDocument extends Document {
  _id: number;
}

/**
 * ```
 *  erasures ──read──▶ waiting ──the sink has stored the erasure's markers──▶ kept ──▶ deleted, receipt
 *                                                                             ▲ │
 *                              the sink's position moved back; every while ───┘ └─▶ deleted again
 * ```
 * The processor leaves a marker of each erasure behind all records of the user, in the topics of logs and of counts. When MongoDB has
 * them, all that was to be stored before is stored, and can be deleted for good.
 */
export class Eraser {
  readonly #options: EraserOptions;
  readonly #waiting = new Map<number, Erasure>();
  readonly #kept = new Map<number, Erasure>();
  #position: number[] | undefined;
  #appliedAt = 0;
  #notedAllAt = 0;

  constructor(options: EraserOptions) {
    this.#options = options;
  }

  /** Looks once: reads what is new, and carries out what is due; with `again`, all kept erasures. */
  async look(again: boolean): Promise<void> {
    const { now, againEveryMs, onLook } = this.#options;
    await this.#readNew();
    const due: Erasure[] = [];
    for (const erasure of this.#waiting.values()) if (await this.#sinkHasPassed(erasure)) due.push(erasure);
    const all = again || now() - this.#appliedAt >= againEveryMs;
    if (all) {
      await this.#applyKept();
      await this.#noteDeleted();
      this.#appliedAt = now();
    }
    for (const erasure of due) {
      await this.#apply(erasure);
      this.#waiting.delete(erasure._id);
      this.#kept.set(erasure._id, erasure);
    }
    onLook?.({ waiting: this.#waiting.size, kept: this.#kept.size });
  }

  async #readNew(): Promise<void> {
    const { reader, topic, logger } = this.#options;
    const position = this.#position ?? (await reader.offsets(topic, 'earliest'));
    for await (const { partition, offset, value } of reader.read(topic, position)) {
      position[partition] = offset + 1;
      if (value === null) continue;
      const erasure = erasureOf(value);
      if (erasure) this.#waiting.set(erasure._id, erasure);
      else logger.error({ topic, partition, offset }, 'an erasure that cannot be read');
    }
    this.#position = position;
  }

  async #sinkHasPassed({ _id, userId, processedAt }: Erasure): Promise<boolean> {
    const { db, now, markerTtlMs } = this.#options;
    const since = new Date(processedAt);
    if (now() - since.getTime() > markerTtlMs / 2) return true;
    const deletedAt = { $gte: since };
    const [log, count] = await Promise.all([
      db.collection<LogDocument>(collections.logs).findOne({ _id: fenceId(_id), deletedAt }),
      db
        .collection<{ _id: string }>(collections.counts)
        .findOne({ _id: `${userId}|erased|${_id}`, deletedAt } as Document),
    ]);
    return log !== null && count !== null;
  }

  async #apply(erasure: Erasure): Promise<void> {
    const { db, now, logger } = this.#options;
    const { _id, userId } = erasure;
    const logs = db.collection<LogDocument>(collections.logs);
    const receipts = db.collection<ErasureReceipt>(receiptsCollection);
    // Markers have no userId: what was deleted one by one is not counted again.
    const theirs = { userId, _id: { $lt: _id } };
    if ((await receipts.findOne({ _id })) === null) {
      // Before anything is deleted, so that the number is right even if the work is cut off and taken up again.
      await logs
        .aggregate([
          { $match: theirs },
          { $project: { erasure: { $literal: _id } } },
          { $merge: { into: erasedLogsCollection, whenMatched: 'keepExisting' } },
        ])
        .toArray();
      const erased = db.collection<ErasedLog>(erasedLogsCollection).countDocuments({ erasure: _id });
      const receipt = { ...(await this.#receipt(erasure)), logs: await erased };
      await receipts.updateOne({ _id }, { $setOnInsert: receipt }, { upsert: true });
    }
    const { deletedCount } = await logs.deleteMany(theirs);
    await db.collection(collections.counts).deleteMany({ userId, lastId: { $lt: _id } });
    const done = await receipts.updateOne(
      { _id, erasedAt: { $exists: false } },
      { $set: { erasedAt: new Date(now()) } },
    );
    if (done.modifiedCount > 0) logger.info({ erasure: _id, logs: deletedCount }, 'a user was erased');
    else if (deletedCount > 0) logger.warn({ erasure: _id, logs: deletedCount }, 'erased logs had come back');
  }

  /** Removes again what a sink that was set back may have brought back, many erasures at once. */
  async #applyKept(): Promise<void> {
    const { db, logger } = this.#options;
    const kept = [...this.#kept.values()];
    for (let from = 0; from < kept.length; from += 1_000) {
      const some = kept.slice(from, from + 1_000);
      const { deletedCount } = await db
        .collection<LogDocument>(collections.logs)
        .bulkWrite(
          some.map(({ _id, userId }) => ({ deleteMany: { filter: { userId, _id: { $lt: _id } } } })),
        );
      await db
        .collection(collections.counts)
        .bulkWrite(
          some.map(({ _id, userId }) => ({ deleteMany: { filter: { userId, lastId: { $lt: _id } } } })),
        );
      if (deletedCount > 0) logger.warn({ logs: deletedCount }, 'erased logs had come back');
    }
  }

  /** Notes which of the erased logs a command has deleted as well: of the markers of the last hour, and each hour of all. */
  async #noteDeleted(): Promise<void> {
    const { db, now } = this.#options;
    const all = now() - this.#notedAllAt >= hourMs;
    const deletedAt = all ? { $exists: true } : { $gte: new Date(now() - hourMs) };
    await db
      .collection<LogDocument>(collections.logs)
      .aggregate([
        { $match: { deletedAt } },
        ...deletedOfErased,
        { $project: { deleted: { $literal: true } } },
        { $merge: { into: erasedLogsCollection, whenMatched: 'merge', whenNotMatched: 'discard' } },
      ])
      .toArray();
    if (all) this.#notedAllAt = now();
  }

  async #receipt({
    userId,
    requestedAt,
    processedAt,
  }: Erasure): Promise<Omit<ErasureReceipt, '_id' | 'logs'>> {
    const { raw, enriched, deadLetter } = await this.#options.retentions();
    const requested = new Date(requestedAt);
    const processed = new Date(processedAt);
    return {
      userId,
      requestedAt: requested,
      heldUntil: {
        raw: later(requested, raw),
        enriched: later(processed, enriched),
        deadLetter: later(processed, deadLetter),
      },
    };
  }
}

function later(from: Date, milliseconds: number | undefined): Date | null {
  return milliseconds === undefined ? null : new Date(from.getTime() + milliseconds);
}

/** The erasure in a record; undefined where there is none, whatever another program has written there. */
function erasureOf(value: Buffer): Erasure | undefined {
  try {
    return erasureSchema.safeParse(JSON.parse(value.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
