// The pipeline's topics: makes those that are missing, and alters those whose settings lose records.
import { makeTopics, type MadeTopics, type Topics } from '@activity/contracts';
import type { KafkaSecurity } from '@activity/service';
import { Admin } from '@platformatic/kafka';

/**
 * Makes every topic of the pipeline that is not there yet, by default with one replica each, and gives the
 * others the settings that they need.
 */
export async function ensureTopics(
  brokers: string,
  topics: Topics,
  partitions: number,
  security: KafkaSecurity = {},
  replicas = 1,
): Promise<MadeTopics> {
  const admin = new Admin({ clientId: 'local-topics', bootstrapBrokers: brokers.split(','), ...security });
  try {
    return await makeTopics(admin, topics, { partitions, replicas });
  } finally {
    await admin.close();
  }
}
