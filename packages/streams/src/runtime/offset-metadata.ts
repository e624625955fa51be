// What travels with a committed offset: the partition's event time, so that a restart decides alike what is late.

/** Text for the offset's metadata. */
export function writeOffsetMetadata(partitionTime: number): string {
  return partitionTime < 0 ? '' : `t=${partitionTime}`;
}

/** The partition's event time; -1 where there is none. */
export function readOffsetMetadata(metadata: string): number {
  const match = /^t=(\d+)$/.exec(metadata);
  return match ? Number(match[1]) : -1;
}
