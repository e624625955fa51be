// An input partition of a task: its queue, and the record at its head once it has been read.
import type { CommittedOffset } from '@activity/kafka';
import type { RecordPosition } from '../api/processor.ts';
import type { SourceRecord, StreamRecord } from '../api/record.ts';
import type { SourceNode } from '../topology/topology.ts';
import { readOffsetMetadata, writeOffsetMetadata } from './offset-metadata.ts';
import type { TaskOptions } from './task-options.ts';
import type { EdgeCount } from './topology-counts.ts';
import { RecordQueue } from './record-queue.ts';
import type { StartOffset } from './start-positions.ts';
import type { StepClocks } from './step-clocks.ts';

/** A record of an input, as it was fetched. */
export interface Fetched {
  input: TaskInput;
  source: SourceRecord;
  /** Whether a step has failed for it. */
  hasFailed?: boolean;
}

/** A record with the key, value and time that were read from it. */
export interface Parsed extends Fetched {
  record: StreamRecord<unknown, unknown>;
}

/** See the top of this file. */
export interface TaskInput {
  queue: RecordQueue;
  node: SourceNode;
  partitions: number;
  /** The records that were read, of the topic in all tasks of the thread. */
  read: EdgeCount;
  enter: (record: StreamRecord<unknown, unknown>) => void;
  head: Parsed | undefined;
}

/** A topic that a source of a task reads. */
export interface InputTopic {
  node: SourceNode;
  /** Its full name. */
  topic: string;
  partitions: number;
}

/**
 * The topics that a task reads. Topics of a pattern may have fewer partitions than there are tasks: those
 * without the task's partition are left out.
 */
export function inputTopicsOf({
  subTopology,
  partition,
  topicName,
  partitionsOf,
}: Pick<TaskOptions, 'subTopology' | 'partition' | 'topicName' | 'partitionsOf'>): InputTopic[] {
  const inputs: InputTopic[] = [];
  for (const node of subTopology.nodes) {
    if (node.kind !== 'source') continue;
    for (const name of node.topics) {
      const topic = topicName(name);
      const partitions = partitionsOf(topic);
      if (!node.pattern || partition < partitions) inputs.push({ node, topic, partitions });
    }
  }
  return inputs;
}

/** The offset to commit for what was processed of a queue. */
export function offsetOf(queue: RecordQueue, clocks: StepClocks): CommittedOffset {
  const { topic, partition, position, leaderEpoch, partitionTime, arrivalTime, topicId } = queue;
  const metadata = writeOffsetMetadata({ partitionTime, arrivalTime, topicId, stepClocks: clocks.write() });
  return { topic, partition, offset: position, leaderEpoch, metadata };
}

/** Lets an input read on from these offsets: drops what was buffered, and sets the clocks. */
export function seekInput(
  input: TaskInput,
  offsets: readonly StartOffset[],
  topicIds: ReadonlyMap<string, string>,
  clocks: StepClocks,
): void {
  const { topic, partition } = input.queue;
  const found = offsets.find((offset) => offset.topic === topic && offset.partition === partition);
  input.queue = new RecordQueue(topic, partition, found?.offset ?? 0, found?.leaderEpoch);
  input.queue.topicId = topicIds.get(topic);
  input.queue.moved = found?.uncommitted ?? false;
  input.head = undefined;
  if (!found) return;
  const { partitionTime, arrivalTime, stepClocks } = readOffsetMetadata(found.metadata);
  Object.assign(input.queue, { partitionTime, arrivalTime });
  clocks.read(stepClocks);
}

/** Where a record of an input is in Kafka. */
export function positionOf({ input, source }: Fetched): RecordPosition {
  const { queue, partitions } = input;
  const { offset, timestamp } = source;
  return { topic: queue.topic, partition: queue.partition, partitions, offset, timestamp };
}
