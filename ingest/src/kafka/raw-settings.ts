// Whether the raw topic has the settings with which nothing that is accepted is lost.
import { defaultTopics, settingProblem, topicSpecs } from '@activity/contracts';
import { openTopicReader } from '@activity/kafka';
import {
  needing,
  watchSettings,
  type KafkaSecurity,
  type Logger,
  type SettingsWatch,
} from '@activity/service';

/** What the watch needs. */
export interface RawSettingsOptions {
  brokers: readonly string[];
  /** The raw topic. */
  topic: string;
  security: KafkaSecurity;
  logger: Logger;
}

/** Watches the settings of the raw topic. */
export function watchRawSettings({ brokers, topic, security, logger }: RawSettingsOptions): SettingsWatch {
  const specs = topicSpecs({ ...defaultTopics, raw: topic }).filter(({ name }) => name === topic);
  const reader = openTopicReader({ brokers, clientId: 'activity-ingest-settings', security });
  const names = specs.flatMap(({ config }) => Object.keys(config));
  return watchSettings({
    problem: async () => {
      const found = await needing(`DescribeConfigs on topic ${topic}`, () => reader.settings([topic], names));
      return settingProblem(specs, found);
    },
    closeReader: async () => reader.close(),
    logger,
  });
}
