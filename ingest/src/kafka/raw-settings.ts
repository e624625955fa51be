// Whether the raw topic has the settings with which nothing that is accepted is lost.
import { defaultTopics, readSettings, settingProblem, topicSpecs } from '@activity/contracts';
import {
  needing,
  watchSettings,
  type KafkaSecurity,
  type Logger,
  type SettingsWatch,
} from '@activity/service';
import { Admin } from '@platformatic/kafka';

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
  const admin = new Admin({
    clientId: 'activity-ingest-settings',
    bootstrapBrokers: [...brokers],
    retries: 0,
    ...security,
  });
  return watchSettings({
    problem: async () => {
      const found = await needing(`DescribeConfigs on topic ${topic}`, () => readSettings(admin, specs));
      return settingProblem(specs, found);
    },
    closeReader: async () => admin.close(),
    logger,
  });
}
