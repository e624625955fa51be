// A Bloom filter: says for certain that a key was never added, or that it may have been.
// Source: Bloom 1970, with the two-hash scheme of Kirsch and Mitzenmacher 2006.

const bitsPerKey = 10;
const probes = 5;

/** A filter that doubles its layers as it fills: about 1 in 100 keys that were not added pass. */
export class BloomFilter {
  readonly #layers: { bits: Uint32Array; room: number }[] = [];

  /** Adds a key. */
  add(key: string): void {
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
    const [first, second] = hashes(key);
    for (let i = 0, bit = first; i < probes; i++, bit = (bit + second) | 0) {
      const at = bit & mask;
      bits[at >>> 5] = (bits[at >>> 5] as number) | (1 << (at & 31));
    }
  }

  /** false: the key was never added. */
  mayHave(key: string): boolean {
    if (this.#layers.length === 0) return false;
    const [first, second] = hashes(key);
    return this.#layers.some(({ bits }) => {
      const mask = bits.length * 32 - 1;
      for (let i = 0, bit = first; i < probes; i++, bit = (bit + second) | 0) {
        const at = bit & mask;
        if (((bits[at >>> 5] as number) & (1 << (at & 31))) === 0) return false;
      }
      return true;
    });
  }
}

/** Two 32-bit hashes of a text: FNV-1a, and its bits mixed once more. The second is odd, so that probes differ. */
function hashes(key: string): [number, number] {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return [mixed ^ (mixed >>> 16), hash | 1];
}
