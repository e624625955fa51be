// Blocks of bits by raw offset: one store entry holds the bits of many neighbouring records.
import type { Serde } from '@activity/streams';

/** Raw offsets in one block. */
const blockOffsets = 4_096;

/** Blocks as bytes. Whoever changes a block changes a copy. */
export const blockSerde: Serde<Buffer> = {
  format: 'bytes',
  serialize: (bits) => bits,
  deserialize: (bytes) => Buffer.from(bytes),
};

/** The number of the block that an offset is in. */
export function blockOf(offset: number): number {
  return Math.floor(offset / blockOffsets);
}

/** An empty block, or a copy of one; it may be too short where another program has written it. */
export function newBlock(bitsEach: number, known?: Buffer): Buffer {
  const block = Buffer.alloc((blockOffsets * bitsEach) / 8);
  known?.copy(block);
  return block;
}

/** The bits of an offset in its block, of which each offset has `bitsEach` (1, 2 or 4). */
export function readBits(block: Buffer, offset: number, bitsEach: number): number {
  const at = (offset % blockOffsets) * bitsEach;
  return ((block[at >> 3] ?? 0) >> (at & 7)) & ((1 << bitsEach) - 1);
}

/** Writes the bits of an offset into its block. */
export function writeBits(block: Buffer, offset: number, bitsEach: number, bits: number): void {
  const at = (offset % blockOffsets) * bitsEach;
  const others = (block[at >> 3] ?? 0) & ~(((1 << bitsEach) - 1) << (at & 7));
  block[at >> 3] = others | (bits << (at & 7));
}
