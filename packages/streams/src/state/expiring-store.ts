// The expiring store of a task: values by key, forgotten `retentionMs` of stream time after they were put.
import type { RecordBatches } from '../kafka/record-batches.ts';
import type { SourceRecord } from '../kafka/port.ts';
import type { Timestamped } from '../record.ts';
import type { StateChange } from './committed-state.ts';
import { keyText, type KeyText } from './key-text.ts';
import { Overlay } from './overlay.ts';
import { restoredValue } from './restored-value.ts';
import type { ExpiringStore, TaskStore } from './store.ts';
import { segmentIntervalMs, type TaskWindowStoreOptions } from './window-store.ts';

/** An {@link ExpiringStore} that belongs to one task. */
export class TaskExpiringStore<K, V> implements ExpiringStore<K, V>, TaskStore {
  readonly name: string;
  readonly #options: TaskWindowStoreOptions<K, V>;
  readonly #keys: KeyText<K>;
  readonly #overlay: Overlay<V>;
  readonly #interval: number;
  #sealedFirstLive = 0;

  constructor(options: TaskWindowStoreOptions<K, V>) {
    this.name = options.name;
    this.#options = options;
    this.#keys = keyText(options.keySerde);
    this.#interval = options.segmentMs ?? segmentIntervalMs(options.retentionMs);
    const { valueSerde, committed } = options;
    this.#overlay = new Overlay({ valueSerde, committed, changelogKey: this.#keys.toChangelog });
  }

  get(key: K): Timestamped<V> | undefined {
    const text = this.#keys.write(key);
    const now = this.#options.streamTime();
    const oldest = now - this.#options.retentionMs;
    const found = this.#overlay.getFromAny(this.#segment(Math.max(0, oldest)), this.#segment(now), text);
    return found && found.timestamp >= oldest ? found : undefined;
  }

  put(key: K, value: V): void {
    const now = this.#options.streamTime();
    this.#overlay.set(this.#segment(now), this.#keys.write(key), value, now);
  }

  position(): number {
    return this.#options.committed.position;
  }

  restore(records: readonly SourceRecord[], nextOffset: number): void {
    const { committed, valueSerde } = this.#options;
    const changes: StateChange[] = [];
    for (const record of records) {
      if (record.key === null) continue;
      const key = this.#keys.ofBytes(record.key);
      const segment = this.#segment(record.timestamp);
      if (segment < this.#firstLive()) continue;
      changes.push({ segment, key, stored: restoredValue(valueSerde.format, record) });
    }
    committed.apply(changes, nextOffset);
  }

  seal(records: RecordBatches): void {
    this.#overlay.seal(records, this.#options.changelog);
    this.#sealedFirstLive = this.#firstLive();
  }

  commit(position: number | undefined): void {
    this.#overlay.commit(position ?? this.position());
    // Stream time may have moved on since, in work that may yet be aborted: what that lets expire must still be there.
    this.#options.committed.dropSegmentsBefore(this.#sealedFirstLive);
  }

  abort(): void {
    this.#overlay.abort();
  }

  unflushed(): number {
    return this.#options.committed.unflushed;
  }

  flush(): Promise<void> {
    return this.#options.committed.flush();
  }

  bytes(): number {
    return this.#options.committed.bytes();
  }

  size(): number {
    return this.#options.committed.size();
  }

  clear(): Promise<void> {
    this.#overlay.abort();
    return this.#options.committed.clear();
  }

  close(): Promise<void> {
    return this.#options.committed.close();
  }

  #segment(time: number): number {
    return Math.floor(time / this.#interval);
  }

  #firstLive(): number {
    return this.#segment(this.#options.streamTime() - this.#options.retentionMs);
  }
}
