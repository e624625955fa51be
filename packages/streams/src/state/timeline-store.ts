// The timeline store of a task: the values of a key along event time, of which several may have one time.
import type { TimelineStore } from '../api/stores.ts';
import type { ChangelogSink } from './changelog-sink.ts';
import { checkTime } from './overlay.ts';
import { SegmentedStore } from './segmented-store.ts';
import { clockKey, splitEntry, TimelineLayers } from './timeline-layers.ts';

/** A {@link TimelineStore} that belongs to one task. */
export class TaskTimelineStore<K, V> extends SegmentedStore<K, V> implements TimelineStore<K, V> {
  protected readonly overlay: TimelineLayers<V> = this.#layers();
  #sealedFirst = 0;

  get observedTime(): number {
    return this.overlay.observed;
  }

  observe(time: number): void {
    checkTime(time);
    this.overlay.observe(time);
    this.reach(this.segment(time));
  }

  put(key: K, value: V, time: number): boolean {
    return this.#put(key, value, time);
  }

  replace(key: K, value: V, time: number): boolean {
    return this.#put(key, value, time, 0);
  }

  fetch(key: K, from: number, to: number): { time: number; value: V }[] {
    const first = Math.max(from, 0, this.#oldest());
    const last = Math.min(to, this.overlay.observed);
    if (last < first) return [];
    return this.overlay.fetch(this.keys.write(key), first, last);
  }

  override seal(sink: ChangelogSink): void {
    super.seal(sink);
    this.#sealedFirst = this.firstLive();
  }

  override commit(position: number | undefined): void {
    super.commit(position);
    this.overlay.dropSegmentsBefore(this.#sealedFirst);
  }

  protected segmentOf(keyText: string, timestamp: number): number | undefined {
    if (keyText === clockKey) return this.segment(timestamp);
    const entry = splitEntry(keyText);
    return entry && this.segment(entry.timestamp);
  }

  /** By the times that this store has seen, as in Kafka Streams: those of the task may be others. */
  protected override firstLive(): number {
    return Math.max(0, this.segment(this.#oldest()));
  }

  #oldest(): number {
    return this.overlay.observed - this.options.retentionMs + 1;
  }

  #put(key: K, value: V, time: number, number?: number): boolean {
    checkTime(time);
    if (time < this.#oldest()) return false;
    this.overlay.put(this.keys.write(key), time, value, number);
    this.reach(this.segment(time));
    return true;
  }

  #layers(): TimelineLayers<V> {
    const { valueSerde, committed, changelog, cache } = this.options;
    const segmentOf = (time: number): number => this.segment(time);
    return new TimelineLayers({ valueSerde, committed, keys: this.keys, changelog, cache, segmentOf });
  }
}
