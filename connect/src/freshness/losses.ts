// What retention deleted before it was read. The broker deletes by time, whether or not the processor and the
// sink have read.
import { freshnessCollection, lossesId, type Loss, type Losses } from '@activity/contracts';
import type { Logger } from '@activity/service';
import type { TopicReader } from '@activity/streams';
import type { Collection, Db } from 'mongodb';

/** A topic, what its records become, and the consumer group that must read all of it. */
export interface ReadTopic extends Pick<Loss, 'topic' | 'of'> {
  groupId: string;
}

/** What looking for losses needs. */
export interface LossWatchOptions {
  reader: Pick<TopicReader, 'describe' | 'offsets' | 'committed'>;
  db: Db;
  topics: readonly ReadTopic[];
  /** Epoch milliseconds. */
  now: () => number;
  logger: Logger;
}

/** The losses that are kept: the newest. */
const maxLosses = 200;

/**
 * Compares where topics begin with what their readers have committed,
 * and records what was deleted in between.
 */
export class LossWatch {
  readonly #options: LossWatchOptions;
  readonly #collection: Collection<Losses>;
  #known: Losses | undefined;

  constructor(options: LossWatchOptions) {
    this.#options = options;
    this.#collection = options.db.collection<Losses>(freshnessCollection);
  }

  /** Looks once. @throws Error where Kafka or MongoDB does not answer. */
  async look(): Promise<void> {
    const { reader, topics, logger } = this.#options;
    const before = (this.#known ??= (await this.#collection.findOne({ _id: lossesId })) ?? {
      _id: lossesId,
      read: [],
      losses: [],
    });
    const ids = await reader.describe(topics.map(({ topic }) => topic));
    const losses = before.losses.map((loss) => ({ ...loss }));
    const read: Losses['read'] = [];
    for (const one of topics) {
      const id = ids.get(one.topic)?.id;
      if (id === undefined) continue;
      // What is deleted after this was asked counts the next time: a reader may have it by then.
      const starts = await reader.offsets(one.topic, 'earliest');
      const committed = await reader.committed(one.groupId, one.topic);
      const known = before.read.find(({ topic }) => topic === id);
      const offsets = starts.map((start, partition) => {
        // A reader that was set back, or another one, has not lost what was read before.
        const reached = Math.max(committed[partition] ?? 0, known?.offsets[partition] ?? 0);
        const isKnown = known !== undefined || committed[partition] !== undefined;
        if (!isKnown || start <= reached) return Math.max(start, reached);
        const loss = this.#add(losses, { ...one, partition, from: reached, to: start });
        logger.error(loss, 'retention deleted records before they were read');
        return start;
      });
      read.push({ topic: id, offsets });
    }
    const now = { _id: lossesId, read, losses: losses.slice(-maxLosses) } as const;
    if (JSON.stringify(now) === JSON.stringify(before)) return;
    await this.#collection.replaceOne({ _id: lossesId }, now, { upsert: true });
    this.#known = now;
  }

  /** Adds a loss; one that follows on the partition's last becomes part of it. */
  #add(
    losses: Loss[],
    { topic, of, groupId, partition, from, to }: ReadTopic & Pick<Loss, 'partition' | 'from' | 'to'>,
  ): Loss {
    const last = losses.findLast((one) => one.topic === topic && one.partition === partition);
    const noticedAt = new Date(this.#options.now());
    if (last?.to === from) return Object.assign(last, { to, noticedAt });
    const loss = { topic, of, reader: groupId, partition, from, to, noticedAt };
    losses.push(loss);
    return loss;
  }
}

/** All losses that were noticed, the newest last. */
export async function readLosses(db: Db): Promise<Loss[]> {
  const found = await db.collection<Losses>(freshnessCollection).findOne({ _id: lossesId });
  return found?.losses ?? [];
}
