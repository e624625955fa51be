// Kafka's default partitioner: murmur2 of the key's bytes, as the Java client and kafkajs choose.
// Source: org.apache.kafka.common.utils.Utils#murmur2.
import type { Serialized } from './record.ts';

const m = 0x5bd1e995;

/** Kafka's 32-bit murmur2, signed, of the first `length` bytes. */
export function murmur2(bytes: Uint8Array, length: number = bytes.length): number {
  let hash = 0x9747b28c ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    let word =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    word = Math.imul(word, m);
    word ^= word >>> 24;
    hash = Math.imul(hash, m) ^ Math.imul(word, m);
  }
  const left = length - at;
  if (left === 3) hash ^= (bytes[at + 2] as number) << 16;
  if (left >= 2) hash ^= (bytes[at + 1] as number) << 8;
  if (left >= 1) hash = Math.imul(hash ^ (bytes[at] as number), m);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, m);
  return hash ^ (hash >>> 15);
}

const scratch = new Uint8Array(256);

/** {@link murmur2} of a text's UTF-8. Short ones of ASCII take no buffer of their own. */
export function hashText(text: string): number {
  const { length } = text;
  if (length > scratch.length) return murmur2(Buffer.from(text));
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return murmur2(Buffer.from(text));
    scratch[i] = code;
  }
  return murmur2(scratch, length);
}

/** The partition that Kafka's default partitioner gives a key. */
export function partitionOf(key: Serialized, partitions: number): number {
  return ((typeof key === 'string' ? hashText(key) : murmur2(key)) & 0x7fffffff) % partitions;
}
