// One producer identity on one topic: where its partitions are led, and the connections there.
import type { KafkaSecurity } from '@activity/service';
import type { BrokerClock } from './broker-clock.ts';
import { BrokerTurns, nameOf } from './broker-turns.ts';
import { verdictOf } from './produce-verdict.ts';
import type { Verdict } from './produce-verdict.ts';
import { connect, initProducer, produce, topicMetadata } from './wire.ts';
import type { BrokerAddress, BrokerConnection, TopicMetadata } from './wire.ts';

/** What a session needs. */
export interface TopicSessionOptions {
  brokers: readonly string[];
  topic: string;
  security?: KafkaSecurity;
  connectTimeoutMs: number;
  requestTimeoutMs: number;
  /** Takes in when brokers append what is written. */
  clock?: BrokerClock;
}

/** The identity under which batches are written. */
export interface ProducerIdentity {
  producerId: bigint;
  producerEpoch: number;
}

const metadataMaxAgeMs = 60_000;

/**
 * Writes encoded batches to their partitions' leaders. It keeps connections and metadata and makes them again
 * where they fail; it never resends by itself: what to send again, and when, is the caller's.
 */
export class TopicSession {
  readonly #options: TopicSessionOptions;
  readonly #connections = new Map<string, BrokerConnection>();
  readonly #turns: BrokerTurns;
  #metadata: TopicMetadata | undefined;
  #metadataAt = 0;

  constructor(options: TopicSessionOptions) {
    this.#options = options;
    this.#turns = new BrokerTurns(options.brokers);
  }

  /** The topic's number of partitions; asks a broker where it is not known. Throws where none answers. */
  async partitions(): Promise<number> {
    return (await this.#currentMetadata()).leaders.length;
  }

  /** A new identity, whose sequence numbers begin at 0. Throws where no broker answers. */
  async newIdentity(): Promise<ProducerIdentity> {
    return initProducer(await this.#anyConnection(), this.#options.topic);
  }

  /** Forgets who leads the partitions, so that the next use asks again, and asks another broker. */
  forgetLeaders(): void {
    this.#metadata = undefined;
    this.#turns.next();
  }

  /**
   * Sends one batch for each partition, at most one request to each leader, and says what became of each.
   * Never throws.
   */
  async produce(batches: ReadonlyMap<number, Buffer>): Promise<Map<number, Verdict>> {
    const verdicts = new Map<number, Verdict>();
    let metadata: TopicMetadata;
    try {
      metadata = await this.#currentMetadata();
    } catch (error) {
      return failAll(verdicts, batches.keys(), error);
    }
    const byLeader = new Map<number, Map<number, Buffer>>();
    for (const [partition, batch] of batches) {
      const leader = metadata.leaders[partition] ?? -1;
      let group = byLeader.get(leader);
      if (group === undefined) byLeader.set(leader, (group = new Map()));
      group.set(partition, batch);
    }
    await Promise.all(
      [...byLeader].map(async ([leader, group]) => {
        try {
          const address = metadata.brokers.get(leader);
          if (address === undefined) throw new Error('the partition has no leader');
          const connection = await this.#connection(address);
          const sentAt = this.#options.clock?.now() ?? 0;
          const answers = await produce(
            connection,
            this.#options.topic,
            group,
            this.#options.requestTimeoutMs,
          );
          for (const partition of group.keys()) {
            const answer = answers.get(partition);
            verdicts.set(partition, verdictOf(answer));
            if (answer?.errorCode === 0) this.#options.clock?.appended(answer.appendedAt, sentAt);
          }
        } catch (error) {
          failAll(verdicts, group.keys(), error);
        }
      }),
    );
    return verdicts;
  }

  /** Closes all connections. Idempotent. */
  async close(): Promise<void> {
    const open = [...this.#connections.values()];
    this.#connections.clear();
    await Promise.all(open.map(async (connection) => connection.close().catch(() => {})));
  }

  async #currentMetadata(): Promise<TopicMetadata> {
    if (this.#metadata === undefined || performance.now() - this.#metadataAt > metadataMaxAgeMs) {
      const metadata = await topicMetadata(await this.#anyConnection(), this.#options.topic);
      if (metadata.leaders.length === 0) throw new Error(`topic ${this.#options.topic} has no partitions`);
      this.#metadata = metadata;
      this.#turns.learn(metadata.brokers.values());
      this.#metadataAt = performance.now();
    }
    return this.#metadata;
  }

  async #anyConnection(): Promise<BrokerConnection> {
    let failure: unknown = new Error('no broker is configured');
    for (const address of this.#turns.inTurn()) {
      try {
        return await this.#connection(address);
      } catch (error) {
        this.#turns.next();
        failure = error;
      }
    }
    throw failure;
  }

  async #connection(address: BrokerAddress): Promise<BrokerConnection> {
    const key = nameOf(address);
    const known = this.#connections.get(key);
    if (known?.isConnected() === true) return known;
    this.#connections.delete(key);
    void known?.close().catch(() => {});
    const { connectTimeoutMs, requestTimeoutMs, security = {} } = this.#options;
    const fresh = await connect(address, {
      connectTimeout: connectTimeoutMs,
      requestTimeout: requestTimeoutMs,
      security,
    });
    this.#connections.set(key, fresh);
    return fresh;
  }
}

function failAll(
  verdicts: Map<number, Verdict>,
  partitions: Iterable<number>,
  error: unknown,
): Map<number, Verdict> {
  const reason = error instanceof Error ? error.message : String(error);
  for (const partition of partitions) verdicts.set(partition, { kind: 'retry', reason });
  return verdicts;
}
