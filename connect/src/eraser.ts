// The eraser: removes from MongoDB what is left of erased users, and records receipts. With the sink the only
// writer there.
import {
  erasureSchema,
  erasedLogsCollection,
  fenceId,
  receiptsCollection,
  collections,
  type ErasedLog,
  type Erasure,
  type ErasureReceipt,
  type Topics,
} from '@activity/contracts';
import type { Logger } from '@activity/service';
import type { TopicReader } from '@activity/streams';
import type { Db, Document } from 'mongodb';
import { receiptOf, type ReceiptSources } from './receipt.ts';
import type { Holding } from './retentions.ts';
import type { SinkPosition } from './sink-positions.ts';

/** What an eraser needs. */
export interface EraserOptions {
  db: Db;
  reader: TopicReader;
  /** The erasures topic. */
  topic: string;
  topics: Topics;
  /** What topics hold of a user, and for how long. */
  holdings: () => Promise<Holding[]>;
  /** How long markers stay: an erasure older than half of that waits for none. */
  markerTtlMs: number;
  /** How long receipts stay, in milliseconds. */
  receiptTtlMs: number;
  /** How often kept erasures are applied again while the sink is behind where it was. */
  againEveryMs: number;
  now: () => number;
  logger: Logger;
  /** Told how many erasures wait and how many were carried out, for metrics. */
  onLook?: (counts: { waiting: number; kept: number }) => void;
}

/**
 * Stages over the markers of logs: those of erased logs of which it is not noted yet that a command has
 * deleted them too.
 */
export const deletedOfErased: readonly Document[] = [
  { $lookup: { from: erasedLogsCollection, localField: '_id', foreignField: '_id', as: 'erased' } },
  { $match: { 'erased._id': { $exists: true }, 'erased.deleted': { $exists: false } } },
];

const hourMs = 3_600_000;

interface LogDocument extends Document {
  _id: number;
}

/** How far the sink is. */
export interface SinkLook {
  /** A position is behind where it was before. */
  behind: boolean;
  positions: readonly SinkPosition[];
}

/**
 * Erasures that were carried out before the sink had committed what it had stored then:
 * it may store that again.
 */
interface Fresh {
  erasures: readonly Erasure[];
  /** The ends of the partitions, by name, that the sink has to commit; undefined until they are known. */
  ends: ReadonlyMap<string, number> | undefined;
  since: number;
}

/** Erasures that are handled together. */
const sliceSize = 1_000;
/**
 * A sink that has not committed its ends for so long has none to commit: markers of aborted transactions lie
 * behind them.
 */
const uncommittedMs = 600_000;
const holdingsMs = 60_000;

function nameOf({ connector, partition }: SinkPosition): string {
  return `${connector} ${partition}`;
}

function* slices<T>(all: readonly T[]): Generator<T[]> {
  for (let from = 0; from < all.length; from += sliceSize) yield all.slice(from, from + sliceSize);
}

/**
 * ```
 *  erasures ──read──▶ waiting ──the sink has stored the erasure's markers──▶ deleted, receipt ──▶ kept
 *                                                                              ▲                   │
 *                                  the sink stores again what it had stored ───┴───────────────────┘
 * ```
 * The processor leaves a marker of each erasure behind all records of the user, in the topics of logs and of
 * counts. When MongoDB has them, all that was to be stored before is stored, and can be deleted for good. The
 * sink stores again what it had not committed when its task failed, and what is behind a position that is set
 * back: only then are erasures applied again.
 *
 * Erasures are handled a thousand at a time: one of a user of whom nothing is stored costs a share of four
 * reads and a write, once.
 */
export class Eraser {
  readonly #options: EraserOptions;
  readonly #waiting = new Map<number, Erasure>();
  /** The newest erasure of each user. */
  readonly #kept = new Map<string, Erasure>();
  #fresh: Fresh[] = [];
  #position: number[] | undefined;
  #behind = false;
  #appliedAt = -Infinity;
  #notedAt = -Infinity;
  #notedAllAt = 0;
  #holdings: { at: number; found: Holding[] } | undefined;

  constructor(options: EraserOptions) {
    this.#options = options;
  }

  /** The erasure with this number where it waits for the sink. */
  waiting(id: number): Erasure | undefined {
    return this.#waiting.get(id);
  }

  /** Looks once: reads what is new, and carries out what is due. */
  async look({ behind, positions }: SinkLook): Promise<void> {
    const { now, againEveryMs, onLook } = this.#options;
    await this.#readNew();
    const due = await this.#due();
    await this.#applyFresh(positions);
    const again = behind ? now() - this.#appliedAt >= againEveryMs : this.#behind;
    this.#behind = behind;
    if (again) {
      this.#appliedAt = now();
      for (const some of slices([...this.#kept.values()])) await this.#deleteAgain(some);
    }
    // Whoever has something stored comes first: receipts of nobody's erasures can wait.
    const plain: Erasure[] = [];
    for (const some of slices(due)) plain.push(...(await this.#eraseStoredOf(some)));
    for (const some of slices(plain)) await this.#noteNothingStored(some);
    for (const some of slices(due)) {
      for (const erasure of some) {
        this.#waiting.delete(erasure._id);
        const known = this.#kept.get(erasure.userId);
        if (known === undefined || known._id < erasure._id) this.#kept.set(erasure.userId, erasure);
      }
      this.#fresh.push({ erasures: some, ends: undefined, since: now() });
    }
    if (now() - this.#notedAt >= againEveryMs) {
      await this.#noteDeleted();
      this.#notedAt = now();
    }
    onLook?.({ waiting: this.#waiting.size, kept: this.#kept.size });
  }

  async #readNew(): Promise<void> {
    const { reader, topic, logger } = this.#options;
    const position = this.#position ?? (await reader.offsets(topic, 'earliest'));
    for await (const { partition, offset, value } of reader.read(topic, position)) {
      position[partition] = offset + 1;
      if (value === null) continue;
      const erasure = erasureIn(value);
      if (erasure !== undefined) this.#waiting.set(erasure._id, erasure);
      else logger.error({ topic, partition, offset }, 'an erasure that cannot be read');
    }
    this.#position = position;
  }

  /** The waiting erasures whose markers the sink has stored, oldest first. */
  async #due(): Promise<Erasure[]> {
    const { db, now, markerTtlMs } = this.#options;
    const due: Erasure[] = [];
    for (const some of slices([...this.#waiting.values()])) {
      const fences = some.map(({ _id }) => fenceId(_id));
      const countFences = some.map(({ _id, userId }) => `${userId}|erased|${_id}`);
      const projection = { deletedAt: 1 };
      const [logs, counts] = await Promise.all([
        db
          .collection<LogDocument>(collections.logs)
          .find({ _id: { $in: fences } }, { projection })
          .toArray(),
        db
          .collection<{ _id: string }>(collections.counts)
          .find({ _id: { $in: countFences } }, { projection })
          .toArray(),
      ]);
      const stored = new Map<number | string, Date>();
      for (const { _id, deletedAt } of [...logs, ...(counts as Document[])])
        if (deletedAt instanceof Date) stored.set(_id as number | string, deletedAt);
      for (const [index, erasure] of some.entries()) {
        const since = Date.parse(erasure.processedAt);
        const passed = (fence: number | string = ''): boolean =>
          (stored.get(fence)?.getTime() ?? -1) >= since;
        const old = now() - since > markerTtlMs / 2;
        if (old || (passed(fences[index]) && passed(countFences[index]))) due.push(erasure);
      }
    }
    return due;
  }

  /** Of these users, those of whom something is stored. */
  async #stored(erasures: readonly Erasure[]): Promise<Set<string>> {
    const { db } = this.#options;
    const userId = { $in: [...new Set(erasures.map((one) => one.userId))] };
    const [ofLogs, ofCounts] = await Promise.all([
      db.collection(collections.logs).distinct('userId', { userId }),
      db.collection(collections.counts).distinct('userId', { userId }),
    ]);
    return new Set([...ofLogs, ...ofCounts].map(String));
  }

  /** Carries out those of whose users something is stored; returns those that need a receipt alone. */
  async #eraseStoredOf(some: readonly Erasure[]): Promise<Erasure[]> {
    const { db, now, receiptTtlMs } = this.#options;
    const [known, stored] = await Promise.all([
      db
        .collection<ErasureReceipt>(receiptsCollection)
        .find({ _id: { $in: some.map(({ _id }) => _id) } }, { projection: { erasedAt: 1 } })
        .toArray(),
      this.#stored(some),
    ]);
    const receipts = new Map(known.map(({ _id, erasedAt }) => [_id, erasedAt]));
    const plain: Erasure[] = [];
    for (const erasure of some) {
      const { _id, userId, processedAt } = erasure;
      const expired = now() - Date.parse(processedAt) > receiptTtlMs;
      if (receipts.get(_id) !== undefined || expired) {
        if (stored.has(userId)) await this.#delete(erasure);
      } else if (stored.has(userId) || receipts.has(_id)) await this.#eraseStored(erasure);
      else plain.push(erasure);
    }
    return plain;
  }

  async #noteNothingStored(some: readonly Erasure[]): Promise<void> {
    const { db, now } = this.#options;
    const sources = await this.#sources();
    const erasedAt = new Date(now());
    await db.collection<ErasureReceipt>(receiptsCollection).insertMany(
      some.map((erasure) => ({
        ...receiptOf(erasure, sources),
        _id: erasure._id,
        logs: 0,
        erasedAt,
      })),
    );
  }

  async #sources(): Promise<ReceiptSources> {
    const { now, holdings, topics, markerTtlMs, receiptTtlMs } = this.#options;
    if (this.#holdings === undefined || now() - this.#holdings.at > holdingsMs)
      this.#holdings = { at: now(), found: await holdings() };
    return { topics, holdings: this.#holdings.found, markerTtlMs, receiptTtlMs };
  }

  /** Erases a user of whom something is stored. */
  async #eraseStored(erasure: Erasure): Promise<void> {
    const { db, now, logger } = this.#options;
    const { _id, userId } = erasure;
    const receipts = db.collection<ErasureReceipt>(receiptsCollection);
    if ((await receipts.findOne({ _id })) === null) {
      // Before anything is deleted, so that the number is right even if
      // the work is cut off and taken up again.
      await db
        .collection<LogDocument>(collections.logs)
        .aggregate([
          // Markers have no userId: what was deleted one by one is not counted again.
          { $match: { userId, _id: { $lt: _id } } },
          { $project: { erasure: { $literal: _id }, expiresAt: 1 } },
          { $merge: { into: erasedLogsCollection, whenMatched: 'keepExisting' } },
        ])
        .toArray();
      const erased = db.collection<ErasedLog>(erasedLogsCollection).countDocuments({ erasure: _id });
      const receipt = { ...receiptOf(erasure, await this.#sources()), logs: await erased };
      await receipts.updateOne({ _id }, { $setOnInsert: receipt }, { upsert: true });
    }
    const logs = await this.#delete(erasure);
    await receipts.updateOne({ _id }, { $set: { erasedAt: new Date(now()) } });
    logger.info({ erasure: _id, logs }, 'a user was erased');
  }

  async #delete({ _id, userId }: Erasure): Promise<number> {
    const { db } = this.#options;
    const before = { $lt: _id };
    const { deletedCount } = await db
      .collection<LogDocument>(collections.logs)
      .deleteMany({ userId, _id: before });
    await db.collection(collections.counts).deleteMany({ userId, lastId: before });
    return deletedCount;
  }

  /** Deletes what the sink may have stored again. */
  async #deleteAgain(some: readonly Erasure[]): Promise<void> {
    const stored = await this.#stored(some);
    for (const erasure of some) {
      const logs = stored.has(erasure.userId) ? await this.#delete(erasure) : 0;
      if (logs > 0) this.#options.logger.warn({ erasure: erasure._id, logs }, 'erased logs had come back');
    }
  }

  /**
   * Applies once more what was carried out before the sink had committed:
   * a task that fails stores that again.
   */
  async #applyFresh(positions: readonly SinkPosition[]): Promise<void> {
    const { now, topics } = this.#options;
    const own = positions.filter(({ topic }) => topic === topics.enriched || topic === topics.counts);
    const left: Fresh[] = [];
    for (const fresh of this.#fresh) {
      const { ends, erasures, since } = fresh;
      const committed =
        ends !== undefined && own.every((one) => (one.committed ?? 0) >= (ends.get(nameOf(one)) ?? 0) - 1);
      if (committed || now() - since > uncommittedMs) await this.#deleteAgain(erasures);
      else left.push({ erasures, since, ends: ends ?? new Map(own.map((one) => [nameOf(one), one.end])) });
    }
    this.#fresh = left;
  }

  /**
   * Notes which of the erased logs a command has deleted as well: of the markers of the last hour, and each
   * hour of all.
   */
  async #noteDeleted(): Promise<void> {
    const { db, now } = this.#options;
    const all = now() - this.#notedAllAt >= hourMs;
    const deletedAt = all ? { $exists: true } : { $gte: new Date(now() - hourMs) };
    await db
      .collection<LogDocument>(collections.logs)
      .aggregate([
        // Markers of erasures have numbers below 0.
        { $match: { deletedAt, _id: { $gte: 0 } } },
        ...deletedOfErased,
        { $project: { deleted: { $literal: true } } },
        { $merge: { into: erasedLogsCollection, whenMatched: 'merge', whenNotMatched: 'discard' } },
      ])
      .toArray();
    if (all) this.#notedAllAt = now();
  }
}

/** The erasure that a record of the erasures topic holds; undefined where it holds none. */
export function erasureIn(value: Buffer): Erasure | undefined {
  try {
    return erasureSchema.safeParse(JSON.parse(value.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
