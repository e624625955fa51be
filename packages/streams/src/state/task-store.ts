// What all stores of a task have in common: reads and writes go through an overlay, and its commits to the
// changelog and to the committed state.
import type { ChangelogSink } from './changelog-sink.ts';
import type { SourceRecord } from '../api/record.ts';
import type { Serde } from '../api/serde.ts';
import type { CommittedState, StateChange } from './committed-state.ts';
import { isKeyTooLong, keyText, type KeyText } from '../api/key-text.ts';
import { type CacheBudget } from './cache-budget.ts';
import { Overlay } from './overlay.ts';
import { restoredData } from './stored-data.ts';
import type { TaskStore } from './store.ts';

/** The changelog partition of a store. */
export interface ChangelogPartition {
  topic: string;
  partition: number;
}

/** What a task's store is made of. */
export interface TaskStoreOptions<K, V> {
  name: string;
  keySerde: Serde<K>;
  valueSerde: Serde<V>;
  committed: CommittedState;
  /** Where changes are logged; undefined: nowhere. */
  changelog: ChangelogPartition | undefined;
  /** The event time of what is being processed, for tombstones; 0 unless given. */
  eventTime?: () => number;
  /** Within what entries are kept decoded, by stores that keep any. */
  cache: CacheBudget;
}

/**
 * What was written and is not committed yet, in layers: one is written to,
 * one may be in a commit that is in flight.
 */
export interface CommitLayers {
  /** Begins a commit: writes the changelog records (none without a topic) and sets the layer aside. */
  seal(sink: ChangelogSink, changelog: ChangelogPartition | undefined): void;
  /** Bytes of what was written since the last seal. */
  readonly pendingBytes: number;
  /**
   * The layer that was set aside is committed: it becomes committed state, which is then at this position.
   */
  commit(position: number): void;
  /** Forgets everything that was not committed, and what was kept of committed state. */
  abort(): void;
}

/** The part of a store that its task drives; subclasses add what processors see. */
export abstract class OverlaidStore<K, V, O extends TaskStoreOptions<K, V>> implements TaskStore {
  readonly name: string;
  protected readonly options: O;
  protected readonly keys: KeyText<K>;
  protected abstract readonly overlay: CommitLayers;

  constructor(options: O) {
    this.name = options.name;
    this.options = options;
    this.keys = keyText(options.keySerde);
  }

  /** The overlay of stores whose entries are written again and again, in this form. */
  protected rewritten<T>(valueSerde: Serde<T>): Overlay<T> {
    const { committed, changelog, cache } = this.options;
    return new Overlay({ valueSerde, committed, keys: this.keys, changelog, cache });
  }

  /** When what is written now happened. */
  protected eventTime(): number {
    return this.options.eventTime?.() ?? 0;
  }

  /** The segment of a changelog record; undefined when it has expired. Without segments all is in one. */
  protected segmentOf(_keyText: string, _timestamp: number): number | undefined {
    return 0;
  }

  usedSince(): number | undefined {
    return undefined;
  }

  usedFrom(): number | undefined {
    return undefined;
  }

  /** Told of each segment that restored entries are in. */
  protected reach(_segment: number): void {}

  position(): number {
    return this.options.committed.position;
  }

  restore(records: readonly SourceRecord[], nextOffset: number): void {
    // What is kept decoded may be older than what comes now.
    this.overlay.abort();
    const { committed, valueSerde } = this.options;
    const changes: StateChange[] = [];
    for (const record of records) {
      if (record.key === null) continue;
      const key = this.keys.ofBytes(record.key);
      // Another program wrote it, into a topic that this store shares: no store takes such a key.
      if (key === undefined || isKeyTooLong(key, this.keys.encoding)) continue;
      const segment = this.segmentOf(key, record.timestamp);
      if (segment === undefined) continue;
      this.reach(segment);
      const { timestamp } = record;
      changes.push({ segment, key, data: restoredData(valueSerde.format, record), timestamp });
    }
    committed.apply(changes, nextOffset);
  }

  seal(sink: ChangelogSink): void {
    this.overlay.seal(sink, this.options.changelog);
  }

  commit(position: number | undefined): void {
    this.overlay.commit(position ?? this.position());
  }

  abort(): void {
    this.overlay.abort();
  }

  pendingBytes(): number {
    return this.overlay.pendingBytes;
  }

  unflushed(): number {
    return this.options.committed.unflushed;
  }

  unflushedBytes(): number {
    return this.options.committed.unflushedBytes;
  }

  flush(): Promise<void> {
    return this.options.committed.flush();
  }

  bytes(): number {
    return this.options.committed.bytes();
  }

  size(): number {
    return this.options.committed.size();
  }

  clear(): Promise<void> {
    this.overlay.abort();
    return this.options.committed.clear();
  }

  close(): Promise<void> {
    // Its part of the cache is others' now.
    this.overlay.abort();
    return this.options.committed.close();
  }
}
