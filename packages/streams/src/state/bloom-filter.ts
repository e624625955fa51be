// A Bloom filter: says for certain that a key was never added, or that it may have been.
// Source: Bloom 1970, with the two-hash scheme of Kirsch and Mitzenmacher 2006.

const bitsPerKey = 10;
const probes = 5;

interface Layer {
  readonly bits: Uint32Array;
  /** How many more keys it takes. */
  room: number;
}

/**
 * A filter that doubles its layers as it fills: about 1 in 100 keys that were not added pass. Keys are told
 * by a 32-bit hash.
 */
export class BloomFilter {
  readonly #layers: Layer[] = [];

  /** How much memory it takes. */
  get bytes(): number {
    return this.#layers.reduce((sum, { bits }) => sum + bits.byteLength, 0);
  }

  /** Adds a key. One that it may have already takes no room. */
  add(hash: number): void {
    if (this.mayHave(hash)) return;
    let layer = this.#layers.at(-1);
    if (!layer || layer.room === 0) {
      const room = layer ? layer.bits.length * 32 : 4096;
      const size = 2 ** Math.ceil(Math.log2((room * bitsPerKey) / 32));
      layer = { bits: new Uint32Array(size), room: Math.floor((size * 32) / bitsPerKey) };
      this.#layers.push(layer);
    }
    layer.room--;
    const { bits } = layer;
    const mask = bits.length * 32 - 1;
    const step = stepOf(hash);
    for (let i = 0, bit = hash; i < probes; i++, bit = (bit + step) | 0) {
      const at = bit & mask;
      bits[at >>> 5] = (bits[at >>> 5] as number) | (1 << (at & 31));
    }
  }

  /** false: the key was never added. */
  mayHave(hash: number): boolean {
    const step = stepOf(hash);
    for (const { bits } of this.#layers) if (hasAll(bits, hash, step)) return true;
    return false;
  }
}

/** The second hash, made of the first. It is odd, so that probes differ. */
function stepOf(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (mixed ^ (mixed >>> 13)) | 1;
}

function hasAll(bits: Uint32Array, first: number, second: number): boolean {
  const mask = bits.length * 32 - 1;
  for (let i = 0, bit = first; i < probes; i++, bit = (bit + second) | 0) {
    const at = bit & mask;
    if (((bits[at >>> 5] as number) & (1 << (at & 31))) === 0) return false;
  }
  return true;
}
