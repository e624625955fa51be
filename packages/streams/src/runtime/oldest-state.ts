// How old state on disk may be to be brought up to date from its changelog. The broker deletes a tombstone
// `delete.retention.ms` after it was written at the earliest: state from before that would keep the entry
// which the tombstone has deleted.
import { FatalError, type KafkaPort } from '@activity/kafka';

const hourMs = 3_600_000;
/** The broker's default, for applications that may not read settings. */
const defaultRetentionMs = 24 * hourMs;

/**
 * The greatest age of state by changelog topic, in milliseconds. There is time left to read the changelog,
 * too.
 */
export async function oldestState(
  kafka: Pick<KafkaPort, 'topicSettings'>,
  changelogs: readonly string[],
): Promise<Map<string, number>> {
  const settings = await kafka.topicSettings(changelogs, ['delete.retention.ms']).catch((error: unknown) => {
    // It may not read settings, which is no reason to stop.
    if (error instanceof FatalError) return [];
    throw error;
  });
  const found = new Map(settings.map(({ topic, value }) => [topic, Number(value)]));
  return new Map(
    changelogs.map((topic) => {
      const retention = found.get(topic) ?? defaultRetentionMs;
      return [topic, retention - Math.min(hourMs, retention / 4)];
    }),
  );
}
