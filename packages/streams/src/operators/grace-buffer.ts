// Records of a stream that wait a while before they are joined with a versioned table, for rows that come
// late. Source: Kafka Streams' KStreamKTableJoinProcessor and RocksDBTimeOrderedKeyValueBuffer.
import type { BufferStore } from '../api/buffer-store.ts';
import { headedSerde } from '../api/headed-serde.ts';
import type { ProcessorContext, StepClock } from '../api/processor.ts';
import type { StreamRecord } from '../api/record.ts';
import type { Serde } from '../api/serde.ts';
import type { StoreSpec } from '../api/stores.ts';

/** A record's key and its number among all that have waited: several of one key and time may wait. */
interface WaitingKey<K> {
  readonly key: K;
  readonly number: number;
}

type WaitingValue<V> = Pick<StreamRecord<unknown, V>, 'value' | 'headers'>;

/** What a {@link GraceBuffer} is kept in. */
export interface GraceSpec {
  store: string;
  graceMs: number;
}

const numberDigits = 16;

/** The declaration of the store of records that wait. */
export function graceStore<K, V>(name: string, key: Serde<K>, value: Serde<V>): StoreSpec {
  const valueSerde = headedSerde<V, WaitingValue<V>>(
    `waiting ${value.name ?? ''}`,
    value,
    (waiting) => waiting.value,
    (of, headers) => ({ value: of, headers }),
  );
  return { name, kind: 'buffer', keySerde: waitingKeySerde(key), valueSerde, changelog: true };
}

/** See the top of this file. */
export class GraceBuffer<K, V> {
  readonly #store: BufferStore<WaitingKey<K>, WaitingValue<V>>;
  readonly #observed: StepClock;
  readonly #numbers: StepClock;
  readonly #graceMs: number;

  constructor(
    { store, graceMs }: GraceSpec,
    context: Pick<ProcessorContext<never, never>, 'bufferStore' | 'clock'>,
  ) {
    this.#store = context.bufferStore(store);
    this.#observed = context.clock(`${store}/observed`);
    this.#numbers = context.clock(`${store}/number`);
    this.#graceMs = graceMs;
  }

  /** Lets a record wait. Returns false where it is the grace or more behind: then it does not wait. */
  add({ key, value, timestamp, headers }: StreamRecord<K, V>): boolean {
    if (timestamp < this.#observed.time - this.#graceMs) return false;
    this.#observed.advance(timestamp);
    const number = this.#numbers.advance(this.#numbers.time + 1);
    this.#store.put({ key, number }, { value, headers }, timestamp, timestamp);
    return true;
  }

  /** Takes out, in the order of time, key and arrival, the records whose grace is over. */
  takeDue(take: (record: StreamRecord<K, V>) => void): void {
    const due = this.#observed.time - this.#graceMs;
    while ((this.#store.firstTime ?? Number.POSITIVE_INFINITY) <= due) {
      const first = this.#store.first();
      if (!first) return;
      this.#store.delete(first.key);
      take({ key: first.key.key, timestamp: first.timestamp, ...first.value });
    }
  }
}

/** Keys, then a NUL and the number, so that the records of a key are in the order of their arrival. */
function waitingKeySerde<K>(inner: Serde<K>): Serde<WaitingKey<K>> {
  const end = (number: number): string => `\u0000${String(number).padStart(numberDigits, '0')}`;
  if (inner.format === 'text') {
    return {
      format: 'text',
      serialize: ({ key, number }) => inner.serialize(key) + end(number),
      deserialize: (text) => ({
        key: inner.deserialize(text.slice(0, -numberDigits - 1)),
        number: Number(text.slice(-numberDigits)),
      }),
    };
  }
  return {
    format: 'bytes',
    serialize: ({ key, number }) => Buffer.concat([inner.serialize(key), Buffer.from(end(number))]),
    deserialize: (bytes) => ({
      key: inner.deserialize(bytes.subarray(0, -numberDigits - 1)),
      number: Number(bytes.subarray(-numberDigits).toString()),
    }),
  };
}
