// A Bloom filter: says for certain that a key was never added, or that it may have been.
// Source: Bloom 1970, with the two-hash scheme of Kirsch and Mitzenmacher 2006.
import { hashText } from '../kafka/murmur2.ts';

const bitsPerKey = 10;
const probes = 5;

interface Layer {
  readonly bits: Uint32Array;
  /** How many more keys it takes. */
  room: number;
}

/** A filter that doubles its layers as it fills: about 1 in 100 keys that were not added pass. */
export class BloomFilter {
  readonly #layers: Layer[] = [];
  // The hashes of the key that was last asked for or added: what is not there is often added next.
  #key: string | undefined;
  #first = 0;
  #second = 1;

  /** How much memory it takes. */
  get bytes(): number {
    return this.#layers.reduce((sum, { bits }) => sum + bits.byteLength, 0);
  }

  /** Adds a key. One that it may have already takes no room. */
  add(key: string): void {
    if (this.mayHave(key)) return;
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
    for (let i = 0, bit = this.#first; i < probes; i++, bit = (bit + this.#second) | 0) {
      const at = bit & mask;
      bits[at >>> 5] = (bits[at >>> 5] as number) | (1 << (at & 31));
    }
  }

  /** false: the key was never added. */
  mayHave(key: string): boolean {
    if (key !== this.#key) this.#hash(key);
    for (const { bits } of this.#layers) if (hasAll(bits, this.#first, this.#second)) return true;
    return false;
  }

  /** Two 32-bit hashes of a text. The second is odd, so that probes differ. */
  #hash(key: string): void {
    const hash = hashText(key);
    const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    this.#key = key;
    this.#first = hash;
    this.#second = (mixed ^ (mixed >>> 13)) | 1;
  }
}

function hasAll(bits: Uint32Array, first: number, second: number): boolean {
  const mask = bits.length * 32 - 1;
  for (let i = 0, bit = first; i < probes; i++, bit = (bit + second) | 0) {
    const at = bit & mask;
    if (((bits[at >>> 5] as number) & (1 << (at & 31))) === 0) return false;
  }
  return true;
}
