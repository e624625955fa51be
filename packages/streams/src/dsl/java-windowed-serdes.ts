// Windowed keys as Kafka Streams writes them into topics: the key's bytes, then the bounds of its window.
// Source: org.apache.kafka.streams.kstream.WindowedSerdes, and WindowedStreamPartitioner.
import { milliseconds, type Duration } from '../api/duration.ts';
import { FatalError } from '../api/errors.ts';
import { longSerde } from '../api/java-serdes.ts';
import type { Windowed } from '../api/record.ts';
import {
  deserialize,
  serializeForTopic,
  type BytesSerde,
  type Serde,
  type Serialized,
} from '../api/serde.ts';

const boundBytes = 8;

function join(key: Serialized, ...bounds: readonly number[]): Uint8Array {
  const written = bounds.map((bound) => longSerde.serialize(bound) as Uint8Array);
  return Buffer.concat([typeof key === 'string' ? Buffer.from(key) : key, ...written]);
}

/** The key's bytes, and its bounds in the order in which they are written. */
function split(bytes: Buffer, bounds: number, java: string): { key: Buffer; bounds: number[] } {
  const end = bytes.length - bounds * boundBytes;
  if (end < 0)
    throw new TypeError(`${bytes.length} bytes are no key that ${java} wrote: check the serde of the topic`);
  const read = Array.from({ length: bounds }, (_, n) => {
    const from = end + n * boundBytes;
    return deserialize(longSerde, bytes.subarray(from, from + boundBytes));
  });
  return { key: bytes.subarray(0, end), bounds: read };
}

/**
 * Keys of tumbling, hopping and sliding windows, as Kafka Streams' `TimeWindowedSerde` writes them into
 * topics: the key by `inner`, then the window's start as a Java `Long`. The size is not written, so a reader
 * has to know it. Java's partitioner is used too: records of a key are in one partition, whatever their
 * window, unless `to()` is given a `partitioner`.
 * @throws FatalError with TOPOLOGY_INVALID for a size below 1 ms.
 * @throws TypeError when it reads what is too short; RangeError where a bound is no safe number.
 * @example
 * const perMinute = javaTimeWindowedSerde(stringSerde, '1m');
 * counts.toStream().to('counts', { key: perMinute, value: longSerde });
 */
export function javaTimeWindowedSerde<K>(inner: Serde<K>, windowSize: Duration): BytesSerde<Windowed<K>> {
  const sizeMs = milliseconds(windowSize);
  if (sizeMs < 1)
    throw new FatalError('TOPOLOGY_INVALID', `a window's size must be at least 1 ms, not ${sizeMs}`);
  return {
    format: 'bytes',
    name: `java-time-windowed-${sizeMs}-${inner.name ?? inner.format}`,
    serialize: ({ key, start }) => join(serializeForTopic(inner, key), start),
    deserialize(bytes) {
      const {
        key,
        bounds: [start = 0],
      } = split(bytes, 1, 'TimeWindowedSerde');
      return { key: deserialize(inner, key), start, end: start + sizeMs };
    },
    partitionKey: ({ key }) => serializeForTopic(inner, key),
  };
}

/**
 * Keys of sessions, as Kafka Streams' `SessionWindowedSerde` writes them into topics: the key by `inner`,
 * then the session's end and its start as Java `Long`s. Java's partitioner is used too: records of a key are
 * in one partition, whatever their session, unless `to()` is given a `partitioner`.
 * @throws TypeError when it reads what is too short; RangeError where a bound is no safe number.
 * @example visits.toStream().to('visits', { key: javaSessionWindowedSerde(stringSerde), value: longSerde })
 */
export function javaSessionWindowedSerde<K>(inner: Serde<K>): BytesSerde<Windowed<K>> {
  return {
    format: 'bytes',
    name: `java-session-windowed-${inner.name ?? inner.format}`,
    serialize: ({ key, start, end }) => join(serializeForTopic(inner, key), end, start),
    deserialize(bytes) {
      const {
        key,
        bounds: [end = 0, start = 0],
      } = split(bytes, 2, 'SessionWindowedSerde');
      return { key: deserialize(inner, key), start, end };
    },
    partitionKey: ({ key }) => serializeForTopic(inner, key),
  };
}
