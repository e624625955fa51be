// Stores whose entries lie in segments by time, so that old ones are dropped whole.
import type { ChangelogSink } from './changelog-sink.ts';
import type { SourceRecord } from '../api/record.ts';
import { OverlaidStore, type TaskStoreOptions } from './task-store.ts';

/** What a task's segmented store is made of. Times in milliseconds. */
export interface SegmentedStoreOptions<K, V> extends TaskStoreOptions<K, V> {
  retentionMs: number;
  /** Half the retention unless given. */
  segmentMs: number | undefined;
  expiry: 'manual' | 'strict' | undefined;
  /** Stream time, or the clock that the store is declared with. */
  streamTime: () => number;
}

/** How much time a segment spans: half the retention, as in Kafka Streams, but at least a minute. */
export function segmentIntervalMs(retentionMs: number): number {
  return Math.max(Math.ceil(retentionMs / 2), 60_000);
}

/** Drops segments as stream time, or the owner's own hand, lets them expire. */
export abstract class SegmentedStore<
  K,
  V,
  O extends SegmentedStoreOptions<K, V> = SegmentedStoreOptions<K, V>,
> extends OverlaidStore<K, V, O> {
  readonly #interval: number;
  // Where a store that expires by hand begins: as of now, as of the commit in flight, as of the last commit.
  #begin = 0;
  #sealedBegin = 0;
  #committedBegin = 0;
  // Before what all is gone: as of the commit in flight, as of the last commit.
  #sealedFirstLive = 0;
  #committedFirstLive = 0;
  /** The latest segment that has anything, committed or not. */
  #latest: number;
  /**
   * Where the changelog was when the latest segment was this one:
   * whatever is before is in it or in older ones.
   */
  #marks: { latest: number; position: number }[] = [];
  #usedFrom: number | undefined;

  constructor(options: O) {
    super(options);
    this.#interval = options.segmentMs ?? segmentIntervalMs(options.retentionMs);
    this.#latest = options.committed.segments().at(-1) ?? 0;
  }

  expireBefore(time: number): void {
    if (time > this.#begin) this.#begin = time;
  }

  /**
   * Entries never have an event time before their segment, so all before the first live segment have expired.
   */
  override usedSince(): number | undefined {
    return this.#committedFirstLive > 0 ? this.#committedFirstLive * this.#interval : undefined;
  }

  /**
   * By offsets, not by times: the marker of a transaction has the broker's time, and is in the way of whoever
   * looks for old events by theirs.
   */
  override usedFrom(): number | undefined {
    while (this.#marks[0] && this.#marks[0].latest < this.#committedFirstLive)
      this.#usedFrom = this.#marks.shift()?.position;
    return this.#usedFrom;
  }

  override restore(records: readonly SourceRecord[], nextOffset: number): void {
    super.restore(records, nextOffset);
    this.#mark();
  }

  override seal(sink: ChangelogSink): void {
    super.seal(sink);
    this.#sealedBegin = this.#begin;
    this.#sealedFirstLive = this.firstLive();
  }

  override commit(position: number | undefined): void {
    super.commit(position);
    this.#committedBegin = this.#sealedBegin;
    // Stream time may have moved on since, in work that may yet be aborted: what that lets expire must still
    // be there.
    this.#committedFirstLive = this.#sealedFirstLive;
    this.options.committed.dropSegmentsBefore(this.#committedFirstLive);
    this.#mark();
  }

  override clear(): Promise<void> {
    this.#marks = [];
    this.#usedFrom = undefined;
    return super.clear();
  }

  override abort(): void {
    this.#begin = this.#committedBegin;
    super.abort();
  }

  protected override reach(segment: number): void {
    if (segment > this.#latest) this.#latest = segment;
  }

  #mark(): void {
    const last = this.#marks.at(-1);
    if (last?.latest === this.#latest) last.position = this.position();
    else this.#marks.push({ latest: this.#latest, position: this.position() });
  }

  /** Entries have segments here: each kind of store says which. */
  protected abstract override segmentOf(keyText: string, timestamp: number): number | undefined;

  protected segment(time: number): number {
    return Math.floor(time / this.#interval);
  }

  protected firstLive(): number {
    if (this.options.expiry === 'manual') return this.segment(this.#begin);
    return this.segment(this.options.streamTime() - this.options.retentionMs);
  }
}
