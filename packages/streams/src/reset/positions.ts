// The offsets that a reset gives to input topics.
import { partitionName, type KafkaPort, type TopicPartition } from '@activity/kafka';
import { milliseconds, type Duration } from '../api/duration.ts';
import { FatalError } from '../api/errors.ts';

/**
 * Where a reset lets each partition of the input begin: at its earliest record, at its end, at an offset, at
 * the first record of a time (`datetime`: epoch milliseconds) or of a duration ago, or `shiftBy` records
 * after the committed offset (before it, where negative). What is outside of a partition becomes its first
 * offset or its end.
 */
export type ResetPosition =
  | 'earliest'
  | 'latest'
  | { offset: number }
  | { datetime: number }
  | { byDuration: Duration }
  | { shiftBy: number };

/** Where a partition begins after a reset. */
export interface ResetOffset extends TopicPartition {
  offset: number;
}

/** What {@link resetOffsets} works on. */
export interface ResetOffsetsOptions {
  kafka: Pick<KafkaPort, 'committedOffsets' | 'describeTopics' | 'listOffsets' | 'offsetsForTimes'>;
  groupId: string;
  topics: readonly string[];
  to: ResetPosition;
  /** The time of day in epoch milliseconds. */
  now: number;
}

/**
 * The offset of each partition of these topics.
 * @throws FatalError with TOPIC_UNKNOWN for topics that do not exist, with CONFIGURATION_INVALID for a
 * position that is none.
 */
export async function resetOffsets({
  kafka,
  groupId,
  topics,
  to,
  now,
}: ResetOffsetsOptions): Promise<ResetOffset[]> {
  const described = await kafka.describeTopics(topics);
  const missing = topics.filter((topic) => !described.has(topic));
  if (missing.length > 0)
    throw new FatalError(
      'TOPIC_UNKNOWN',
      `input topics ${missing.join(', ')} do not exist; correct their names`,
    );
  const partitions = [...described.values()].flatMap(({ name: topic, partitions: count }) =>
    Array.from({ length: count }, (_, partition) => ({ topic, partition })),
  );
  const [firsts, ends] = await Promise.all([
    kafka.listOffsets(partitions, 'earliest'),
    kafka.listOffsets(partitions, 'latest'),
  ]);
  const wanted = await wantedOffsets(kafka, groupId, partitions, to, now);
  return partitions.map(({ topic, partition }) => {
    const name = partitionName(topic, partition);
    const first = firsts.get(name) ?? 0;
    const end = ends.get(name) ?? first;
    return { topic, partition, offset: Math.min(end, Math.max(first, wanted(name, first, end))) };
  });
}

type Wanted = (name: string, first: number, end: number) => number;

async function wantedOffsets(
  kafka: ResetOffsetsOptions['kafka'],
  groupId: string,
  partitions: readonly TopicPartition[],
  to: ResetPosition,
  now: number,
): Promise<Wanted> {
  if (to === 'earliest') return (_name, first) => first;
  if (to === 'latest') return (_name, _first, end) => end;
  if ('offset' in to) {
    const offset = integer('offset', to.offset);
    return () => offset;
  }
  if ('shiftBy' in to) {
    const shiftBy = integer('shiftBy', to.shiftBy);
    const committed = await kafka.committedOffsets(groupId, partitions);
    const known = new Map(committed.map((one) => [partitionName(one.topic, one.partition), one.offset]));
    return (name, first) => (known.get(name) ?? first) + shiftBy;
  }
  const timestamp =
    'datetime' in to ? integer('datetime', to.datetime) : Math.max(0, now - milliseconds(to.byDuration));
  const found = await kafka.offsetsForTimes(partitions.map((partition) => ({ ...partition, timestamp })));
  return (name, _first, end) => found.get(name) ?? end;
}

function integer(name: string, value: number): number {
  if (Number.isSafeInteger(value)) return value;
  throw new FatalError('CONFIGURATION_INVALID', `${name}: ${value} is no whole number`);
}
