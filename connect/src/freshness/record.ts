// The freshness collection: what is known of each collection, kept so that a restart does not forget it.
import { freshnessCollection, lossesId, type Freshness } from '@activity/contracts';
import type { Collection, Db } from 'mongodb';

/** Reads and writes what is known of collections. */
export class FreshnessRecord {
  readonly #db: Db;
  readonly #freshness: Collection<Freshness>;

  constructor(db: Db) {
    this.#db = db;
    this.#freshness = db.collection<Freshness>(freshnessCollection);
  }

  /** All that is known. */
  async read(): Promise<Map<string, Freshness>> {
    return new Map(
      (await this.#freshness.find({ _id: { $ne: lossesId } }).toArray()).map((known) => [known._id, known]),
    );
  }

  /** Whether a collection holds nothing at all. */
  async isEmpty(collection: string): Promise<boolean> {
    return (await this.#db.collection(collection).findOne({}, { projection: { _id: 1 } })) === null;
  }

  /**
   * Replaces all that is known of a collection, but for a later moment that it had reached. `final` is
   * removed until it is known again: the offsets may be of another topic.
   */
  async replace({ _id, asOf, ...rest }: Freshness): Promise<void> {
    const reached = asOf === undefined ? {} : { $max: { asOf } };
    const update = { $set: rest, $unset: { final: '' as const }, ...reached };
    await this.#freshness.updateOne({ _id }, update, { upsert: true });
  }

  /**
   * Records what has been reached. Returns whether all of it was known before:
   * a database that was lost knows nothing.
   */
  async advance(all: readonly Freshness[]): Promise<boolean> {
    if (all.length === 0) return true;
    const { matchedCount } = await this.#freshness.bulkWrite(
      all.map(({ _id, source, asOf, ...rest }) => ({
        updateOne: { filter: { _id, source }, update: { $set: rest, ...(asOf && { $max: { asOf } }) } },
      })),
    );
    return matchedCount === all.length;
  }
}
