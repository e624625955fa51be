// The key-value store of a task: typed reads and writes over an overlay.
import type { RecordBatches } from '../kafka/record-batches.ts';
import type { SourceRecord } from '../kafka/port.ts';
import type { Timestamped } from '../record.ts';
import type { Serde } from '../serde.ts';
import type { CommittedState, StateChange } from './committed-state.ts';
import { keyText, type KeyText } from './key-text.ts';
import { compareKeys } from './memory-state.ts';
import { Overlay } from './overlay.ts';
import { restoredValue } from './restored-value.ts';
import type { KeyValueStore, TaskStore } from './store.ts';

/** What a task's store is made of. */
export interface TaskStoreOptions<K, V> {
  name: string;
  keySerde: Serde<K>;
  valueSerde: Serde<V>;
  committed: CommittedState;
  /** Where changes are logged; undefined: nowhere. */
  changelog: { topic: string; partition: number } | undefined;
}

/** A {@link KeyValueStore} that belongs to one task. */
export class TaskKeyValueStore<K, V> implements KeyValueStore<K, V>, TaskStore {
  readonly name: string;
  readonly #options: TaskStoreOptions<K, V>;
  readonly #keys: KeyText<K>;
  readonly #overlay: Overlay<V>;

  constructor(options: TaskStoreOptions<K, V>) {
    this.name = options.name;
    this.#options = options;
    this.#keys = keyText(options.keySerde);
    const { valueSerde, committed } = options;
    this.#overlay = new Overlay({ valueSerde, committed, changelogKey: this.#keys.toChangelog });
  }

  get(key: K): V | undefined {
    return this.#overlay.get(0, this.#keys.write(key))?.value;
  }

  getTimestamped(key: K): Timestamped<V> | undefined {
    return this.#overlay.get(0, this.#keys.write(key));
  }

  put(key: K, value: V, timestamp: number): void {
    this.#overlay.set(0, this.#keys.write(key), value, timestamp);
  }

  delete(key: K): void {
    this.#overlay.set(0, this.#keys.write(key), undefined, 0);
  }

  update(key: K, timestamp: number, next: (old: V | undefined) => V): Timestamped<V> {
    return this.#overlay.update(0, this.#keys.write(key), timestamp, next);
  }

  *written(): Generator<[K, Timestamped<V | undefined>]> {
    for (const [text, entry] of this.#overlay.written()) yield [this.#keys.read(text), entry];
  }

  before(key: K): V | undefined {
    return this.#overlay.before(0, this.#keys.write(key));
  }

  *range(from: K, to: K): Generator<[K, V]> {
    const first = this.#keys.write(from);
    const last = this.#keys.write(to);
    for (const [text, { value }] of this.#overlay.entries(0)) {
      if (compareKeys(text, first) >= 0 && compareKeys(text, last) <= 0) yield [this.#keys.read(text), value];
    }
  }

  *all(): Generator<[K, V]> {
    for (const [text, { value }] of this.#overlay.entries(0)) yield [this.#keys.read(text), value];
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
      changes.push({ segment: 0, key, stored: restoredValue(valueSerde.format, record) });
    }
    committed.apply(changes, nextOffset);
  }

  seal(records: RecordBatches): void {
    this.#overlay.seal(records, this.#options.changelog);
  }

  commit(position: number | undefined): void {
    this.#overlay.commit(position ?? this.position());
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
}
