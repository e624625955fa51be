// Topics: makes those of the pipeline that are missing.
import { topicSpecs, type Topics } from '@activity/contracts';
import { Admin } from '@platformatic/kafka';

/** Where topics are made and how large. */
export interface CreateTopicsOptions {
  brokers: string[];
  topics: Topics;
  partitions: number;
  replicas: number;
}

/**
 * Makes every topic that is not there yet and leaves the others as they are. Returns the names of the new ones.
 *
 * @throws Error where the broker does not answer or refuses.
 */
export async function createTopics(options: CreateTopicsOptions): Promise<string[]> {
  const { brokers, topics, partitions, replicas } = options;
  const admin = new Admin({ clientId: 'activity-setup', bootstrapBrokers: brokers, retries: 0 });
  try {
    const existing = new Set(await admin.listTopics());
    const missing = topicSpecs(topics).filter(({ name }) => !existing.has(name));
    for (const { name, config } of missing) {
      const configs = Object.entries(config).map(([key, value]) => ({ name: key, value }));
      await admin.createTopics({ topics: [name], partitions, replicas, configs });
    }
    return missing.map(({ name }) => name);
  } finally {
    await admin.close();
  }
}
