// The expiring store of a task: values by key, forgotten `retentionMs` of stream time after they were put.
import type { Timestamped } from '../record.ts';
import { ExpiringOverlay } from './expiring-overlay.ts';
import { SegmentedStore } from './segmented-store.ts';
import type { ExpiringStore } from './store.ts';
import { storedValue } from './stored-data.ts';

/** An {@link ExpiringStore} that belongs to one task. */
export class TaskExpiringStore<K, V> extends SegmentedStore<K, V> implements ExpiringStore<K, V> {
  protected readonly overlay: ExpiringOverlay = new ExpiringOverlay(
    this.options.committed,
    this.keys.toChangelog,
  );

  get(key: K): Timestamped<V> | undefined {
    const text = this.keys.write(key);
    const now = this.options.streamTime();
    const oldest = now - this.options.retentionMs;
    const found = this.overlay.get(this.segment(Math.max(0, oldest)), this.segment(now), text);
    if (!found || found.timestamp < oldest) return undefined;
    return { value: storedValue(this.options.valueSerde, found), timestamp: found.timestamp };
  }

  put(key: K, value: V): void {
    const now = this.options.streamTime();
    const data = this.options.valueSerde.serialize(value);
    this.overlay.put(this.segment(now), this.keys.write(key), data, now);
  }

  deletePrefix(prefix: string): number {
    const first = this.firstLive();
    let deleted = 0;
    for (const segment of this.overlay.segments()) {
      if (segment < first) continue;
      for (const [key, timestamp] of this.overlay.keys(segment, prefix)) {
        this.overlay.delete(segment, key, timestamp);
        deleted++;
      }
    }
    return deleted;
  }

  protected segmentOf(_keyText: string, timestamp: number): number | undefined {
    const segment = this.segment(timestamp);
    return segment < this.firstLive() ? undefined : segment;
  }
}
