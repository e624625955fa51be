// The buffer store of a task: values that wait for a time. Values are in an overlay as those of a key-value
// store are; which key is next is in memory, and is read from the store after a start or an abort.
import type { Buffered, BufferStore } from '../api/buffer-store.ts';
import { serialize, type Serde, type Serialized } from '../api/serde.ts';
import type { SourceRecord } from '../api/record.ts';
import { noWindow, type Overlay } from './overlay.ts';
import { owned, readTimed, storedValue, writeTimed } from './stored-data.ts';
import { OverlaidStore, type TaskStoreOptions } from './task-store.ts';
import { TimeHeap, type Waiting } from '../api/time-heap.ts';

/** What is stored of an entry: the time it waits for, and its value as the serde wrote it. */
interface Kept {
  readonly time: number;
  readonly data: Serialized;
}

/** An entry of the index. */
interface Indexed extends Waiting {
  bytes: number;
}

interface Index {
  readonly byKey: Map<string, Indexed>;
  readonly heap: TimeHeap<Indexed>;
  bytes: number;
}

/** A {@link BufferStore} that belongs to one task. */
export class TaskBufferStore<K, V>
  extends OverlaidStore<K, V, TaskStoreOptions<K, V>>
  implements BufferStore<K, V>
{
  protected readonly overlay: Overlay<Kept> = this.rewritten(keptSerde(this.options.valueSerde.format));
  #index: Index | undefined;

  get length(): number {
    return this.#indexed().byKey.size;
  }

  get byteLength(): number {
    return this.#indexed().bytes;
  }

  get firstTime(): number | undefined {
    return this.#indexed().heap.first()?.time;
  }

  first(): Buffered<K, V> | undefined {
    const first = this.#indexed().heap.first();
    return first && this.#read(first.key);
  }

  waitsFor(key: K): number | undefined {
    return this.#indexed().byKey.get(this.keys.write(key))?.time;
  }

  get(key: K): Buffered<K, V> | undefined {
    return this.#read(this.keys.write(key));
  }

  put(key: K, value: V, time: number, timestamp: number): void {
    const index = this.#indexed();
    const text = this.keys.write(key);
    const data = owned(serialize(this.options.valueSerde, value));
    this.overlay.set(0, noWindow, text, { time, data }, timestamp);
    const bytes = text.length + data.length;
    const old = index.byKey.get(text);
    index.bytes += bytes - (old?.bytes ?? 0);
    if (old?.time === time) {
      old.bytes = bytes;
      return;
    }
    if (old) index.heap.remove(old);
    add(index, { key: text, time, bytes });
  }

  delete(key: K): void {
    const index = this.#indexed();
    const text = this.keys.write(key);
    const old = index.byKey.get(text);
    if (!old) return;
    this.overlay.set(0, noWindow, text, undefined, this.eventTime());
    index.byKey.delete(text);
    index.heap.remove(old);
    index.bytes -= old.bytes;
  }

  *all(): Generator<Buffered<K, V>> {
    for (const { key } of this.#indexed().heap.sorted()) {
      const entry = this.#read(key);
      if (entry) yield entry;
    }
  }

  override restore(records: readonly SourceRecord[], nextOffset: number): void {
    this.#index = undefined;
    super.restore(records, nextOffset);
  }

  override abort(): void {
    this.#index = undefined;
    super.abort();
  }

  override clear(): Promise<void> {
    this.#index = undefined;
    return super.clear();
  }

  #read(text: string): Buffered<K, V> | undefined {
    const kept = this.overlay.get(0, noWindow, text);
    if (!kept) return undefined;
    const { data, time } = kept.value;
    const { timestamp } = kept;
    const value = storedValue(this.options.valueSerde, { data, timestamp });
    return { key: this.keys.read(text), value, time, timestamp };
  }

  #indexed(): Index {
    if (this.#index) return this.#index;
    const index: Index = { byKey: new Map(), heap: new TimeHeap(), bytes: 0 };
    for (const [key, { value }] of this.overlay.entries(0)) {
      const bytes = key.length + value.data.length;
      index.bytes += bytes;
      add(index, { key, time: value.time, bytes });
    }
    return (this.#index = index);
  }
}

function add({ byKey, heap }: Index, entry: Indexed): void {
  byKey.set(entry.key, entry);
  heap.add(entry);
}

/** Reads the value of what a buffer store keeps, without the time. */
export function bufferedValueSerde<V>(valueSerde: Serde<V>): Serde<V> {
  const kept: Serde<Kept> = keptSerde(valueSerde.format);
  const value = (of: Kept): V => storedValue(valueSerde, { ...of, timestamp: of.time });
  return kept.format === 'text'
    ? { format: 'text', serialize: notWritten, deserialize: (text) => value(kept.deserialize(text)) }
    : { format: 'bytes', serialize: notWritten, deserialize: (bytes) => value(kept.deserialize(bytes)) };
}

function notWritten(): never {
  throw new TypeError('entries of a buffer are only read by this');
}

function keptSerde(format: 'text' | 'bytes'): Serde<Kept> {
  return format === 'text'
    ? { format, serialize: ({ time, data }) => writeTimed(time, data) as string, deserialize: readTimed }
    : { format, serialize: ({ time, data }) => writeTimed(time, data) as Buffer, deserialize: readTimed };
}
