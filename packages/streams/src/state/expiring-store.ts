// The expiring store of a task: values by key, forgotten `retentionMs` of stream time after they were put.
import type { Timestamped } from '../api/record.ts';
import { checkRecordSize } from '../api/record-size.ts';
import { serialize } from '../api/serde.ts';
import type { ExpiringState } from './expiring-state.ts';
import { SegmentedStore, type SegmentedStoreOptions } from './segmented-store.ts';
import type { ExpiringStore } from '../api/stores.ts';
import { storedValue } from './stored-data.ts';

/** What a task's expiring store is made of. */
export interface ExpiringStoreOptions<K, V> extends SegmentedStoreOptions<K, V> {
  committed: ExpiringState;
}

/** An {@link ExpiringStore} that belongs to one task. */
export class TaskExpiringStore<K, V>
  extends SegmentedStore<K, V, ExpiringStoreOptions<K, V>>
  implements ExpiringStore<K, V>
{
  protected readonly overlay: ExpiringState = this.options.committed;

  get(key: K): Timestamped<V> | undefined {
    const text = this.keys.write(key);
    const now = this.options.streamTime();
    const oldest = now - this.options.retentionMs;
    const found = this.overlay.newest(this.segment(Math.max(0, oldest)), this.segment(now), text);
    if (!found || found.timestamp < oldest) return undefined;
    return { value: storedValue(this.options.valueSerde, found), timestamp: found.timestamp };
  }

  put(key: K, value: V): void {
    const text = this.keys.write(key);
    const data = serialize(this.options.valueSerde, value);
    const { changelog, streamTime } = this.options;
    if (changelog) checkRecordSize(changelog.topic, text, data);
    const now = Math.max(0, streamTime());
    this.reach(this.segment(now));
    this.overlay.put(text, data, now);
  }

  deletePrefix(prefix: string): number {
    const first = this.firstLive();
    let deleted = 0;
    for (const segment of this.overlay.segments()) {
      if (segment < first) continue;
      for (const [key, timestamp] of this.overlay.keys(segment, prefix)) {
        this.overlay.put(key, undefined, timestamp);
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
