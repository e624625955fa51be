// Topics: makes those of the pipeline that are missing.
import { topicSpecs, type Topics } from '@activity/contracts';
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
 * Makes every topic that is not there yet and leaves the others as they are. Returns the names of the new ones.
 *
 * @throws Error where the broker does not answer or refuses.
 */
export async function createTopics(options: CreateTopicsOptions): Promise<string[]> {
  const { brokers, security, topics, partitions, replicas } = options;
  const admin = new Admin({ clientId: 'activity-setup', bootstrapBrokers: brokers, retries: 0, ...security });
  try {
    const existing = new Set(await admin.listTopics());
    const missing = topicSpecs(topics).filter(({ name }) => !existing.has(name));
    const made: string[] = [];
    for (const { name, config } of missing) {
      const configs = Object.entries(config).map(([key, value]) => ({ name: key, value }));
      try {
        await admin.createTopics({ topics: [name], partitions, replicas, configs });
        made.push(name);
      } catch (error) {
        // A broker lists a topic a moment after it was made; somebody else may have made it, too.
        if (!isAlreadyThere(error)) throw error;
      }
    }
    return made;
  } finally {
    await admin.close();
  }
}

function isAlreadyThere(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  if ('apiId' in error && error.apiId === 'TOPIC_ALREADY_EXISTS') return true;
  if ('cause' in error && isAlreadyThere(error.cause)) return true;
  return 'errors' in error && Array.isArray(error.errors) && error.errors.some(isAlreadyThere);
}
