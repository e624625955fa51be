// The pipeline's topics: makes those that are missing.
import { topicSpecs, type Topics } from '@activity/contracts';
import type { KafkaSecurity } from '@activity/service';
import { Admin } from '@platformatic/kafka';

/** Makes every topic of the pipeline that is not there yet, one replica each. Returns the names of the new ones. */
export async function ensureTopics(
  brokers: string,
  topics: Topics,
  partitions: number,
  security: KafkaSecurity = {},
): Promise<string[]> {
  const admin = new Admin({ clientId: 'local-topics', bootstrapBrokers: brokers.split(','), ...security });
  try {
    const existing = new Set(await admin.listTopics());
    const missing = topicSpecs(topics).filter(({ name }) => !existing.has(name));
    for (const { name, config } of missing) {
      await admin.createTopics({
        topics: [name],
        partitions,
        replicas: 1,
        configs: Object.entries(config).map(([key, value]) => ({ name: key, value })),
      });
    }
    return missing.map(({ name }) => name);
  } finally {
    await admin.close();
  }
}
