// How many bytes compressed records will have, by what their format says: before room is made for them.
// Sources: the format descriptions of snappy and its framing in Java, and of LZ4 blocks and frames.

const xerialMagic = Buffer.from('82534e4150505900', 'hex');
/** The magic, and two versions of four bytes each. */
const xerialHeaderBytes = 16;

/** Bytes of records that snappy compressed: raw, or in the chunks that the Java client writes. */
export function snappySize(bytes: Buffer): number {
  if (!bytes.subarray(0, xerialMagic.length).equals(xerialMagic)) return declaredSize(bytes, 0);
  let size = 0;
  for (let at = xerialHeaderBytes; at + 4 <= bytes.length;) {
    size += declaredSize(bytes, at + 4);
    at += 4 + bytes.readUInt32BE(at);
  }
  return size;
}

/** The size that begins a block of snappy: a varint. */
function declaredSize(bytes: Buffer, at: number): number {
  let size = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = bytes[at++] ?? 0;
    size += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  return size;
}

/** One byte of LZ4 unpacks to at most this many bytes. */
const lz4MostBytes = 255;
const flagDictionary = 0x01;
const flagContentSize = 0x08;
const flagBlockChecksum = 0x10;

/**
 * How many bytes the records in an LZ4 frame have. Where they cannot have more than `enough`, a bound is
 * returned and the frame is not read.
 */
export function lz4Size(bytes: Buffer, enough: number): number {
  if (bytes.length * lz4MostBytes <= enough) return bytes.length * lz4MostBytes;
  const flags = bytes[4] ?? 0;
  let at = 7;
  if (flags & flagContentSize) at += 8;
  if (flags & flagDictionary) at += 4;
  let size = 0;
  while (at + 4 <= bytes.length && size <= enough) {
    const word = bytes.readUInt32LE(at);
    if (word === 0) break;
    at += 4;
    // The highest bit: these bytes are not compressed.
    const length = word % 2 ** 31;
    size += word === length ? lz4BlockSize(bytes, at, Math.min(at + length, bytes.length)) : length;
    at += length + (flags & flagBlockChecksum ? 4 : 0);
  }
  return size;
}

/** Goes through the sequences of a block: literals, then a match of at least four bytes. */
function lz4BlockSize(bytes: Buffer, from: number, end: number): number {
  let size = 0;
  let at = from;
  while (at < end) {
    const token = bytes[at++] ?? 0;
    let literals = token >> 4;
    if (literals === 15) {
      let more: number;
      do literals += more = bytes[at++] ?? 0;
      while (more === 255);
    }
    size += literals;
    at += literals + 2;
    if (at > end) break;
    let match = token & 0x0f;
    if (match === 15) {
      let more: number;
      do match += more = bytes[at++] ?? 0;
      while (more === 255);
    }
    size += match + 4;
  }
  return size;
}
