// What is committed with an offset: the partition's clocks, so that a restart decides alike what is late and what has expired.

/** The clocks of a partition, in epoch milliseconds; -1 before its first record. */
export interface PartitionClocks {
  /** The highest event time processed. */
  partitionTime: number;
  /** The highest timestamp of a processed record in Kafka. */
  arrivalTime: number;
}

/** Text for the offset's metadata. */
export function writeOffsetMetadata({ partitionTime, arrivalTime }: PartitionClocks): string {
  if (partitionTime < 0) return '';
  return arrivalTime < 0 ? `t=${partitionTime}` : `t=${partitionTime} a=${arrivalTime}`;
}

/** The clocks in an offset's metadata. */
export function readOffsetMetadata(metadata: string): PartitionClocks {
  const [, time, arrival] = /^t=(\d+)(?: a=(\d+))?$/.exec(metadata) ?? [];
  return {
    partitionTime: time === undefined ? -1 : Number(time),
    arrivalTime: arrival === undefined ? -1 : Number(arrival),
  };
}
