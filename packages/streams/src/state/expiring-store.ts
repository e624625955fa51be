// The expiring store of a task: values by key, forgotten `retentionMs` of stream time after they were put.
import type { Timestamped } from '../record.ts';
import { noWindow } from './overlay.ts';
import { SegmentedStore } from './segmented-store.ts';
import type { ExpiringStore } from './store.ts';

/** An {@link ExpiringStore} that belongs to one task. */
export class TaskExpiringStore<K, V> extends SegmentedStore<K, V> implements ExpiringStore<K, V> {
  get(key: K): Timestamped<V> | undefined {
    const text = this.keys.write(key);
    const now = this.options.streamTime();
    const oldest = now - this.options.retentionMs;
    const found = this.overlay.getFromAny(this.segment(Math.max(0, oldest)), this.segment(now), text);
    return found && found.timestamp >= oldest ? found : undefined;
  }

  put(key: K, value: V): void {
    const now = this.options.streamTime();
    this.overlay.set(this.segment(now), noWindow, this.keys.write(key), value, now);
  }

  deletePrefix(prefix: string): number {
    const first = this.firstLive();
    let deleted = 0;
    for (const segment of this.overlay.segments()) {
      if (segment < first) continue;
      for (const [key, { timestamp }] of this.overlay.entries(segment, prefix)) {
        this.overlay.set(segment, noWindow, key, undefined, timestamp);
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
