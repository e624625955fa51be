// Partitions that are chosen by a part of the key, as its serde says.
import { partitionOf } from '@activity/kafka/core';
import type { Serde } from './serde.ts';

/** Chooses a partition; `source` is that of the record being processed, for records without a key. */
export type ChooseByKey = (record: { key: unknown }, partitions: number, source: number) => number;

/** What chooses partitions by a serde's `partitionKey`; undefined where all of the key's bytes decide. */
export function chooserOf<K>(keySerde: Serde<K>): ChooseByKey | undefined {
  if (!keySerde.partitionKey) return undefined;
  return ({ key }, partitions, source) => {
    const decides = key === undefined ? undefined : keySerde.partitionKey?.(key as K);
    return decides === undefined ? source % partitions : partitionOf(decides, partitions);
  };
}
