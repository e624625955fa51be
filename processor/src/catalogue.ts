// The catalogue of types: followed by the process, shared with the threads that judge types by it.
import { TypesFollower } from '@activity/catalogue';
import { shareTypes, typesToShare, type SharedTypesOptions } from '@activity/catalogue/shared';
import { createKafka } from '@activity/kafka';
import type { KafkaSecurity, Logger } from '@activity/service';

/** What following needs. */
export interface CatalogueOptions {
  brokers: readonly string[];
  security: KafkaSecurity;
  /** The types topic. */
  topic: string;
  logger: Logger;
}

/** The catalogue, while the processor runs. */
export interface Catalogue {
  /** What a thread is given. */
  options: () => SharedTypesOptions;
  /**
   * Resolves when the catalogue has been read.
   * @throws RetriableError where that takes longer than 5 s: it is not known which types there are.
   */
  read: () => Promise<void>;
  close: () => Promise<void>;
}

const patienceMs = 5_000;

/** Begins to follow; returns at once. */
export function followCatalogue({ brokers, security, topic, logger }: CatalogueOptions): Catalogue {
  const kafka = createKafka({ brokers, security, clientId: 'activity-processor-types', retryForMs: 1_000 });
  const channel = `activity-types-${process.pid}`;
  const share = shareTypes(channel, () => typesToShare(follower.records));
  const follower: TypesFollower = new TypesFollower({
    kafka,
    topic,
    log: logger,
    onChange: () => share.update(),
  });
  follower.start();
  return {
    options: () => ({ channel, types: typesToShare(follower.records) }),
    read: async () => follower.untilReady(patienceMs),
    async close() {
      share.close();
      await follower.close();
      await kafka.close();
    },
  };
}
