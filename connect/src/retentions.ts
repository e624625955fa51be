// How long the broker keeps what topics hold.
import type { Topics } from '@activity/contracts';
import { needing, type KafkaSecurity } from '@activity/service';
import { Admin, ConfigResourceTypes } from '@platformatic/kafka';
import type { Retentions } from './eraser.ts';

/** Where Kafka is and how it is reached. */
export interface KafkaAccess {
  brokers: readonly string[];
  security: KafkaSecurity;
}

/** Asks the broker for the retention of the topics that hold events. */
export async function readRetentions(
  { brokers, security }: KafkaAccess,
  topics: Topics,
): Promise<Retentions> {
  const admin = new Admin({ clientId: 'activity-eraser', bootstrapBrokers: [...brokers], ...security });
  try {
    const holding = [topics.raw, topics.enriched, topics.deadLetter];
    const described = await needing(`DescribeConfigs on topics ${holding.join(', ')}`, () =>
      admin.describeConfigs({
        resources: holding.map((resourceName) => ({
          resourceType: ConfigResourceTypes.TOPIC,
          resourceName,
          configurationKeys: ['retention.ms'],
        })),
      }),
    );
    function retentionOf(topic: string): number | undefined {
      const found = described.find(({ resourceName }) => resourceName === topic)?.configs[0]?.value;
      const milliseconds = Number(found ?? -1);
      return milliseconds < 0 ? undefined : milliseconds;
    }
    return {
      raw: retentionOf(topics.raw),
      enriched: retentionOf(topics.enriched),
      deadLetter: retentionOf(topics.deadLetter),
    };
  } finally {
    await admin.close();
  }
}
