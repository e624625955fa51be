// How many entries the changes add that wait in memory for the disk.
import type { Stored } from './committed-state.ts';

/** What waits for the disk, by segment and key; null: a deletion. */
export type Table = Map<number, Map<string, Stored | null>>;

/** About this many keys of a layer are looked up below it. What they add is scaled up to all keys of it. */
const sampledKeys = 256;

/** How many entries these layers, the lowest first, add to those on disk. */
export function addedEntries(
  layers: readonly Table[],
  isOnDisk: (segment: number, key: string) => boolean,
): number {
  let added = 0;
  for (const [index, layer] of layers.entries()) {
    const below = layers[index - 1];
    const most = Math.ceil(sampledKeys / layer.size);
    for (const [segment, entries] of layer) {
      const lower = below?.get(segment);
      let looked = 0;
      let change = 0;
      for (const [key, stored] of entries) {
        if (looked === most) break;
        looked++;
        const waiting = lower?.get(key);
        const isBelow = waiting === undefined ? isOnDisk(segment, key) : waiting !== null;
        if ((stored !== null) !== isBelow) change += stored ? 1 : -1;
      }
      if (looked > 0) added += (change * entries.size) / looked;
    }
  }
  return added;
}
