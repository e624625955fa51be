// The partition of a key, as Kafka's own clients choose it,
// so that every producer puts one user's events together.

const seed = 0x9747b28c;
const multiplier = 0x5bd1e995;

/** murmur2 as in Kafka's `Utils.murmur2`: a signed 32-bit hash of the first `length` bytes. */
export function murmur2(data: Uint8Array, length: number = data.length): number {
  let hash = seed ^ length;
  let index = 0;
  for (; index + 4 <= length; index += 4) {
    let word =
      byteAt(data, index) |
      (byteAt(data, index + 1) << 8) |
      (byteAt(data, index + 2) << 16) |
      (byteAt(data, index + 3) << 24);
    word = Math.imul(word, multiplier);
    word ^= word >>> 24;
    hash = Math.imul(hash, multiplier) ^ Math.imul(word, multiplier);
  }
  const rest = length - index;
  if (rest > 0) {
    if (rest === 3) hash ^= byteAt(data, index + 2) << 16;
    if (rest >= 2) hash ^= byteAt(data, index + 1) << 8;
    hash = Math.imul(hash ^ byteAt(data, index), multiplier);
  }
  hash = Math.imul(hash ^ (hash >>> 13), multiplier);
  return hash ^ (hash >>> 15);
}

/**
 * The partition of a key, text as UTF-8: the hash without its sign, modulo the partitions. (A client that
 * takes it unsigned disagrees.)
 */
export function partitionOf(key: Uint8Array | string, partitions: number): number {
  return ((typeof key === 'string' ? hashText(key) : murmur2(key)) & 0x7fffffff) % partitions;
}

// Encoding a key into bytes of its own would cost more than hashing it.
const scratch = Buffer.alloc(1_024);

function hashText(key: string): number {
  return key.length * 3 > scratch.length ? murmur2(Buffer.from(key)) : murmur2(scratch, scratch.write(key));
}

function byteAt(data: Uint8Array, index: number): number {
  return data[index] ?? 0;
}
