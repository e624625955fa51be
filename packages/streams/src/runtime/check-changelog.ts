// Whether a changelog has the partition of a task.
import type { TopicDescription } from '@activity/kafka';
import { FatalError } from '../api/errors.ts';

/**
 * @throws FatalError where a changelog has no such partition: the input has more partitions than at its first
 * start.
 */
export function checkChangelog(
  topic: string,
  partition: number,
  changelogs: ReadonlyMap<string, TopicDescription>,
): void {
  const found = changelogs.get(topic)?.partitions;
  if (found === undefined || partition < found) return;
  throw new FatalError(
    'TOPIC_PARTITIONS_WRONG',
    `${topic} has ${found} partitions and no partition ${partition}: the input's partitions have changed; ` +
      'reset the application or start it under another id',
  );
}
