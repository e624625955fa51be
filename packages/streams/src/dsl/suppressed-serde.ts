// The serdes of suppressed tables: of what waits, and of windowed keys in the order in which they come out.
import type { Header, Windowed } from '../api/record.ts';
import type { Serde } from '../api/serde.ts';
import type { SuppressedChange } from '../operators/suppress.ts';
import { changeSerde } from './change-serde.ts';

type TextHeader = [key: string, value: string | null];

function writeHeaders(headers: readonly Header[]): TextHeader[] {
  return headers.map(({ key, value }) => [
    key,
    value === null ? null : Buffer.from(value).toString('base64'),
  ]);
}

function readHeaders(headers: readonly TextHeader[]): Header[] {
  return headers.map(([key, value]) => ({
    key,
    value: value === null ? null : Buffer.from(value, 'base64'),
  }));
}

/**
 * Changes with their headers: as text, a JSON pair; as bytes, the length of the headers, these, and the rest.
 */
export function suppressedSerde<V>(inner: Serde<V>): Serde<SuppressedChange<V>> {
  const changes = changeSerde(inner);
  const name = `suppressed ${inner.name ?? ''}`;
  if (changes.format === 'text') {
    return {
      format: 'text',
      name,
      serialize: ({ headers, ...change }) =>
        JSON.stringify([changes.serialize(change), ...writeHeaders(headers)]),
      deserialize(text) {
        const [change, ...headers] = JSON.parse(text) as [string, ...TextHeader[]];
        return { ...changes.deserialize(change), headers: readHeaders(headers) };
      },
    };
  }
  return {
    format: 'bytes',
    name,
    serialize({ headers, ...change }) {
      const text = Buffer.from(JSON.stringify(writeHeaders(headers)));
      const length = Buffer.alloc(4);
      length.writeUInt32BE(text.length);
      return Buffer.concat([length, text, changes.serialize(change)]);
    },
    deserialize(bytes) {
      const from = 4 + bytes.readUInt32BE();
      const headers = JSON.parse(bytes.toString('utf8', 4, from)) as TextHeader[];
      return { ...changes.deserialize(bytes.subarray(from)), headers: readHeaders(headers) };
    },
  };
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
