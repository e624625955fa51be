// Whether a reader that has committed one offset has read everything before another: markers of transactions
// and aborted records lie in between, and no reader ever commits behind them.
import type { TopicReader } from '@activity/streams';

/** What looking into a gap needs. */
export interface GapsOptions {
  reader: Pick<TopicReader, 'firstRecord'>;
  /** Milliseconds of a clock that does not jump. */
  now: () => number;
}

/** What is known of a partition from the committed offset on. */
interface Gap {
  from: number;
  /** When the committed offset was seen first. */
  since: number;
  /** There is no committed record before this offset. */
  emptyTo: number;
  /** The first committed record; undefined where none was found yet. */
  first?: number;
  lookedAt: number;
}

/** The marker of the last transaction is all that is behind a reader that has read everything. */
const usualGap = 1;
/**
 * A reader that has not moved for so long is behind,
 * or only aborted records are left; sinks commit every few seconds.
 */
const unmovedMs = 15_000;

/** Looks into gaps, once for each offset that a reader stands at. */
export class Gaps {
  readonly #options: GapsOptions;
  readonly #known = new Map<string, Gap>();

  constructor(options: GapsOptions) {
    this.#options = options;
  }

  /** Whether a reader that has committed `committed` has read every committed record before `target`. */
  async passed(
    reader: string,
    place: { topic: string; partition: number },
    committed: number | undefined,
    target: number,
  ): Promise<boolean> {
    const from = committed ?? 0;
    if (from >= target) return true;
    const now = this.#options.now();
    const name = `${reader} ${place.topic} ${place.partition}`;
    let gap = this.#known.get(name);
    if (gap?.from !== from) {
      gap = { from, since: now, emptyTo: from, lookedAt: -Infinity };
      this.#known.set(name, gap);
    }
    if (gap.first !== undefined) return gap.first >= target;
    if (gap.emptyTo >= target) return true;
    const near = target - gap.emptyTo <= usualGap;
    const stuck = now - gap.since >= unmovedMs && now - gap.lookedAt >= unmovedMs;
    if (!near && !stuck) return false;
    gap.lookedAt = now;
    const found = await this.#options.reader.firstRecord(place, gap.emptyTo, target);
    if (found === 'none') gap.emptyTo = target;
    else if (found !== 'open') gap.first = found;
    return found === 'none';
  }
}
