// The serde of windowed keys: the key, then `@` and the window's start.
import { splitWindowed } from '../api/key-text.ts';
import type { Windowed } from '../api/record.ts';
import type { Serde } from '../api/serde.ts';

/**
 * Windowed keys as `<key>@<start>` text, or the key's bytes and eight bytes of start, as Kafka Streams writes
 * them. The size is not written, so a reader has to know it.
 * @example table.toStream().to('counts', { key: windowedSerde(stringSerde, 60_000), value: numberSerde })
 */
export function windowedSerde<K>(inner: Serde<K>, sizeMs: number): Serde<Windowed<K>> {
  if (inner.format === 'text') {
    return {
      format: 'text',
      serialize: ({ key, start }) => `${inner.serialize(key)}@${start}`,
      deserialize(text) {
        const { key, start } = splitWindowed(text);
        return { key: inner.deserialize(key), start, end: start + sizeMs };
      },
    };
  }
  return {
    format: 'bytes',
    serialize({ key, start }) {
      const suffix = Buffer.alloc(8);
      suffix.writeBigInt64BE(BigInt(start));
      return Buffer.concat([inner.serialize(key), suffix]);
    },
    deserialize(bytes) {
      const start = Number(bytes.readBigInt64BE(bytes.length - 8));
      return { key: inner.deserialize(bytes.subarray(0, -8)), start, end: start + sizeMs };
    },
  };
}
