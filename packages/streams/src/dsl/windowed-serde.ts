// The serdes of windowed keys: the key, then `@` and the window's start, or the session's bounds.
// Source: org.apache.kafka.streams.kstream.internals.WindowedStreamPartitioner, for partitions.
import { splitWindowed } from '../api/key-text.ts';
import type { Windowed } from '../api/record.ts';
import type { Serde } from '../api/serde.ts';

/**
 * Windowed keys as `<key>@<start>` text, or the key's bytes and eight bytes of start, as Kafka Streams writes
 * them. The size is not written, so a reader has to know it. As in Kafka Streams, records of a key are in one
 * partition, whatever their window, unless `to()` is given a `partitioner`.
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
      partitionKey: ({ key }) => inner.serialize(key),
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
    partitionKey: ({ key }) => inner.serialize(key),
  };
}

/**
 * Keys of sessions as `<key>@<start>/<end>` text, or the key's bytes and eight bytes each of end and of
 * start, as Kafka Streams writes them. As there, records of a key are in one partition, whatever their
 * session, unless `to()` is given a `partitioner`.
 * @example table.toStream().to('sessions', { key: sessionWindowedSerde(stringSerde), value: numberSerde })
 */
export function sessionWindowedSerde<K>(inner: Serde<K>): Serde<Windowed<K>> {
  if (inner.format === 'text') {
    return {
      format: 'text',
      serialize: ({ key, start, end }) => `${inner.serialize(key)}@${start}/${end}`,
      deserialize(text) {
        const at = text.lastIndexOf('@');
        const slash = text.lastIndexOf('/');
        const start = Number(text.slice(at + 1, slash));
        return { key: inner.deserialize(text.slice(0, at)), start, end: Number(text.slice(slash + 1)) };
      },
      partitionKey: ({ key }) => inner.serialize(key),
    };
  }
  return {
    format: 'bytes',
    serialize({ key, start, end }) {
      const suffix = Buffer.alloc(16);
      suffix.writeBigInt64BE(BigInt(end));
      suffix.writeBigInt64BE(BigInt(start), 8);
      return Buffer.concat([inner.serialize(key), suffix]);
    },
    deserialize(bytes) {
      const end = Number(bytes.readBigInt64BE(bytes.length - 16));
      const start = Number(bytes.readBigInt64BE(bytes.length - 8));
      return { key: inner.deserialize(bytes.subarray(0, -16)), start, end };
    },
    partitionKey: ({ key }) => inner.serialize(key),
  };
}
