// The serdes of suppressed tables: of what waits, and of windowed keys in the order in which they come out.
import { headedSerde } from '../api/headed-serde.ts';
import type { Change, Windowed } from '../api/record.ts';
import type { Serde } from '../api/serde.ts';
import type { SuppressedChange } from '../operators/suppress.ts';
import { changeSerde } from './change-serde.ts';

/** Changes with their headers. */
export function suppressedSerde<V>(inner: Serde<V>): Serde<SuppressedChange<V>> {
  return headedSerde<Change<V>, SuppressedChange<V>>(
    `suppressed ${inner.name ?? ''}`,
    changeSerde(inner),
    (change) => change,
    (change, headers) => ({ ...change, headers }),
  );
}

const timeDigits = 16;

/**
 * Windowed keys in an order of the keys first, then of the windows' starts: whatever the keys' lengths are.
 */
export function orderedWindowSerde<K>(inner: Serde<K>): Serde<Windowed<K>> {
  const name = `windowed ${inner.name ?? ''}`;
  const digits = (time: number): string => String(time).padStart(timeDigits, '0');
  if (inner.format === 'text') {
    return {
      format: 'text',
      name,
      serialize: ({ key, start, end }) => `${inner.serialize(key)}\u0000${digits(start)}${digits(end)}`,
      deserialize(text) {
        const key = inner.deserialize(text.slice(0, -2 * timeDigits - 1));
        const start = Number(text.slice(-2 * timeDigits, -timeDigits));
        return { key, start, end: Number(text.slice(-timeDigits)) };
      },
    };
  }
  return {
    format: 'bytes',
    name,
    serialize({ key, start, end }) {
      const suffix = Buffer.alloc(16);
      suffix.writeBigInt64BE(BigInt(start));
      suffix.writeBigInt64BE(BigInt(end), 8);
      return Buffer.concat([inner.serialize(key), suffix]);
    },
    deserialize(bytes) {
      const start = Number(bytes.readBigInt64BE(bytes.length - 16));
      const end = Number(bytes.readBigInt64BE(bytes.length - 8));
      return { key: inner.deserialize(bytes.subarray(0, -16)), start, end };
    },
  };
}
