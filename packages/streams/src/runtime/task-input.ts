// An input partition of a task: its queue, and the record at its head once it has been read.
import type { CommittedOffset } from '@activity/kafka';
import type { SourceRecord, StreamRecord } from '../api/record.ts';
import type { SourceNode } from '../topology/topology.ts';
import { writeOffsetMetadata } from './offset-metadata.ts';
import type { RecordQueue } from './record-queue.ts';

/** A record with the key, value and time that were read from it. */
export interface Parsed {
  record: StreamRecord<unknown, unknown>;
  source: SourceRecord;
}

/** See the top of this file. */
export interface TaskInput {
  queue: RecordQueue;
  node: SourceNode;
  partitions: number;
  enter: (record: StreamRecord<unknown, unknown>) => void;
  head: Parsed | undefined;
}

/** The offset to commit for what was processed of a queue. */
export function offsetOf(queue: RecordQueue): CommittedOffset {
  const { topic, partition, position, leaderEpoch } = queue;
  return { topic, partition, offset: position, leaderEpoch, metadata: writeOffsetMetadata(queue) };
}
