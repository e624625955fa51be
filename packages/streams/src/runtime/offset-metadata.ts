// What is committed with an offset: the partition's clocks, so that a restart decides alike what is late and
// what has expired, and the topic's id, so that a topic which was created again is told from one that has
// lost records.

/** The clocks of a partition, in epoch milliseconds; -1 before its first record. */
export interface PartitionClocks {
  /** The highest event time processed. */
  partitionTime: number;
  /** The highest timestamp of a processed record in Kafka. */
  arrivalTime: number;
}

/** What an offset's metadata says. */
export interface OffsetMetadata extends PartitionClocks {
  /** The id of the topic that was read. */
  topicId: string | undefined;
  /** The clocks of steps, as {@link StepClocks} writes them; empty without any. */
  stepClocks: string;
}

/** Text for the offset's metadata. */
export function writeOffsetMetadata({
  partitionTime,
  arrivalTime,
  topicId,
  stepClocks,
}: OffsetMetadata): string {
  const parts: string[] = [];
  if (partitionTime >= 0) parts.push(`t=${partitionTime}`);
  if (partitionTime >= 0 && arrivalTime >= 0) parts.push(`a=${arrivalTime}`);
  if (topicId !== undefined) parts.push(`id=${topicId}`);
  if (stepClocks !== '') parts.push(`c=${stepClocks}`);
  return parts.join(' ');
}

/** What an offset's metadata says; nothing where another program wrote it. */
export function readOffsetMetadata(metadata: string): OffsetMetadata {
  const found = /^(?:t=(\d+)(?: a=(\d+))?)?(?:(?:^| )id=([\w-]+))?(?:(?:^| )c=([\w:,]+))?$/.exec(metadata);
  const [, time, arrival, topicId, stepClocks = ''] = found ?? [];
  return {
    partitionTime: time === undefined ? -1 : Number(time),
    arrivalTime: arrival === undefined ? -1 : Number(arrival),
    topicId,
    stepClocks,
  };
}
