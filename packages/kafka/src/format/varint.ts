// Kafka's zigzag varints over a Buffer. Source: the Kafka protocol guide, "Record Format".

/** Bytes that {@link writeVarint} needs for a 32-bit value. */
export function sizeOfVarint(value: number): number {
  let bits = ((value << 1) ^ (value >> 31)) >>> 0;
  let size = 1;
  while (bits >= 0x80) {
    bits >>>= 7;
    size++;
  }
  return size;
}

/** Writes a 32-bit value; returns the position after it. */
export function writeVarint(buffer: Buffer, position: number, value: number): number {
  let bits = ((value << 1) ^ (value >> 31)) >>> 0;
  let at = position;
  while (bits >= 0x80) {
    buffer[at++] = (bits & 0x7f) | 0x80;
    bits >>>= 7;
  }
  buffer[at++] = bits;
  return at;
}

/** Bytes that {@link writeVarlong} needs for a safe integer. */
export function sizeOfVarlong(value: number): number {
  if ((value | 0) === value) return sizeOfVarint(value);
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  let size = 1;
  while (rest >= 0x80) {
    rest = Math.floor(rest / 0x80);
    size++;
  }
  return size;
}

/** Writes a safe integer (below 2^52 in size) as a 64-bit varint; returns the position after it. */
export function writeVarlong(buffer: Buffer, position: number, value: number): number {
  if ((value | 0) === value) return writeVarint(buffer, position, value);
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  let at = position;
  while (rest >= 0x80) {
    buffer[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  buffer[at++] = rest;
  return at;
}

/** Reads varints one after the other; `position` moves on. */
export class VarintCursor {
  position: number;
  readonly buffer: Buffer;

  constructor(buffer: Buffer, position: number) {
    this.buffer = buffer;
    this.position = position;
  }

  /** A signed 32-bit value. */
  varint(): number {
    const buffer = this.buffer;
    let byte = buffer[this.position++] as number;
    let bits = byte & 0x7f;
    let shift = 7;
    while (byte & 0x80) {
      byte = buffer[this.position++] as number;
      bits |= (byte & 0x7f) << shift;
      shift += 7;
    }
    return (bits >>> 1) ^ -(bits & 1);
  }

  /** A signed 64-bit value that must fit a safe integer. */
  varlong(): number {
    const buffer = this.buffer;
    let byte = buffer[this.position++] as number;
    let bits = byte & 0x7f;
    let scale = 0x80;
    while (byte & 0x80) {
      byte = buffer[this.position++] as number;
      bits += (byte & 0x7f) * scale;
      scale *= 0x80;
    }
    return bits % 2 === 0 ? bits / 2 : -(bits + 1) / 2;
  }

  /** Length-prefixed bytes; -1 stands for null. */
  bytes(): Buffer | null {
    const length = this.varint();
    if (length < 0) return null;
    const start = this.position;
    this.position = start + length;
    return this.buffer.subarray(start, this.position);
  }
}
