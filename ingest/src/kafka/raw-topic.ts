// The raw topic, as the edge's writer uses it: batches go out, and verdicts come back.
import { needing } from '@activity/service';
import type { ProducerIdentity, TopicWriter } from '@activity/kafka';
import type { BrokerClock } from './broker-clock.ts';
import { verdictOf, type Verdict } from './produce-verdict.ts';

/** See the top of this file. */
export interface RawTopic {
  /** The topic's number of partitions. Throws where no broker can be reached. */
  partitions: () => Promise<number>;
  /** A new identity, whose sequence numbers begin at 0. Throws where no broker can be reached. */
  newIdentity: () => Promise<ProducerIdentity>;
  forgetLeaders: () => void;
  /** Sends one batch for each partition, and says what became of each. Never throws. */
  produce: (batches: ReadonlyMap<number, Buffer>) => Promise<Map<number, Verdict>>;
  close: () => Promise<void>;
}

/** Writes to a topic. The clock takes in when brokers append what is written. */
export function rawTopic(topic: string, writer: TopicWriter, clock?: BrokerClock): RawTopic {
  return {
    partitions: () => needing(`Write on topic ${topic}`, () => writer.partitions()),
    newIdentity: () => needing(`Write on topic ${topic}`, () => writer.newIdentity()),
    forgetLeaders: () => writer.forgetLeaders(),
    async produce(batches) {
      const sentAt = clock?.now() ?? 0;
      const produced = await writer.produce(batches);
      const verdicts = new Map<number, Verdict>();
      for (const [partition, result] of produced) {
        verdicts.set(partition, verdictOf(result));
        if ('error' in result && result.error === null) clock?.appended(result.appendedAt, sentAt);
      }
      return verdicts;
    },
    close: () => writer.close(),
  };
}
