// Whether the topics that are read and written here have the settings with which nothing is lost.
import { requiredSettings, settingProblem, topicSpecs, type Topics } from '@activity/contracts';
import { watchSettings, type KafkaSecurity, type Logger, type SettingsWatch } from '@activity/service';
import { openTopicReader } from '@activity/streams';

/** What the watch needs. */
export interface TopicSettingsOptions {
  brokers: readonly string[];
  security: KafkaSecurity;
  topics: Topics;
  logger: Logger;
}

/** Watches the settings of all topics but the sink's own and the audit's. */
export function watchTopicSettings({
  brokers,
  security,
  topics,
  logger,
}: TopicSettingsOptions): SettingsWatch {
  const reader = openTopicReader({ brokers, security, clientId: 'activity-processor-settings' });
  const others = [topics.sinkDeadLetter, topics.audit];
  const specs = topicSpecs(topics).filter(({ name }) => !others.includes(name));
  const names = specs.map(({ name }) => name);
  return watchSettings({
    problem: async () => settingProblem(specs, await reader.settings(names, requiredSettings)),
    closeReader: () => reader.close(),
    logger,
  });
}
