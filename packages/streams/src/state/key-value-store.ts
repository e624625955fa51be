// The key-value store of a task: typed reads and writes over an overlay.
import type { Timestamped } from '../api/record.ts';
import { noWindow, type Overlay } from './overlay.ts';
import type { KeyValueStore, NextValue } from '../api/stores.ts';
import { OverlaidStore, type TaskStoreOptions } from './task-store.ts';

/** A {@link KeyValueStore} that belongs to one task. */
export class TaskKeyValueStore<K, V>
  extends OverlaidStore<K, V, TaskStoreOptions<K, V>>
  implements KeyValueStore<K, V>
{
  protected readonly overlay: Overlay<V> = this.rewritten(this.options.valueSerde);

  get(key: K): V | undefined {
    return this.overlay.get(0, noWindow, this.keys.write(key))?.value;
  }

  getTimestamped(key: K): Timestamped<V> | undefined {
    return this.overlay.get(0, noWindow, this.keys.write(key));
  }

  put(key: K, value: V, timestamp: number): void {
    this.overlay.set(0, noWindow, this.keys.write(key), value, timestamp);
  }

  delete(key: K): void {
    this.overlay.set(0, noWindow, this.keys.write(key), undefined, this.eventTime());
  }

  update(key: K, timestamp: number, next: NextValue<V>): Timestamped<V> {
    return this.overlay.update(0, noWindow, this.keys.write(key), timestamp, next);
  }

  *written(): Generator<[K, Timestamped<V | undefined>]> {
    for (const { key, value, timestamp } of this.overlay.written())
      yield [this.keys.read(key), { value, timestamp }];
  }

  before(key: K): V | undefined {
    return this.overlay.before(0, noWindow, this.keys.write(key));
  }

  *range(from: K, to: K): Generator<[K, V]> {
    const keys = { from: this.keys.write(from), to: this.keys.write(to) };
    for (const [text, { value }] of this.overlay.entries(0, keys)) yield [this.keys.read(text), value];
  }

  *all(): Generator<[K, V]> {
    for (const [text, { value }] of this.overlay.entries(0)) yield [this.keys.read(text), value];
  }

  *prefixScan(prefix: string): Generator<[K, V]> {
    for (const [text, { value }] of this.overlay.entries(0, { prefix })) yield [this.keys.read(text), value];
  }
}
