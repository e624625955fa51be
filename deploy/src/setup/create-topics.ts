// Topics: makes those of the pipeline that are missing, and alters those whose settings lose records.
import { makeTopics, type MadeTopics, type Topics } from '@activity/contracts';
import type { KafkaSecurity } from '@activity/service';
import { Admin } from '@platformatic/kafka';

/** Where topics are made and how large. */
export interface CreateTopicsOptions {
  brokers: string[];
  security?: KafkaSecurity;
  topics: Topics;
  partitions: number;
  replicas: number;
}

/**
 * Makes every topic that is not there yet and alters the others where they need other settings; partitions
 * stay as they are.
 *
 * @throws Error where the broker does not answer or refuses.
 */
export async function createTopics(options: CreateTopicsOptions): Promise<MadeTopics> {
  const { brokers, security, topics, partitions, replicas } = options;
  const admin = new Admin({ clientId: 'activity-setup', bootstrapBrokers: brokers, retries: 0, ...security });
  try {
    return await makeTopics(admin, topics, { partitions, replicas });
  } finally {
    await admin.close();
  }
}
