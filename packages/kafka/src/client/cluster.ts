// The cluster: which broker leads a partition or coordinates a group, and a link to each of them.
//
// What a broker said may be out of date a moment later. Whoever learns that it was wrong (a refusal, a lost
// connection, no leader) forgets it, so that the next attempt asks again, and asks another broker.
import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from '../backoff.ts';
import { FatalError, RetriableError, StreamsError } from '../errors.ts';
import { addressOf, type BrokerAddress } from './broker-address.ts';
import { Link } from './link.ts';
import type { SecurityOptions } from './security.ts';
import { partitionName, type TopicPartition } from './port.ts';
import { brokerErrors, errorName, partialAnswer, remedyOfName } from './remedies.ts';
import { wire } from './wire.ts';

/** Settings of a {@link Cluster}. Times in milliseconds. */
export interface ClusterOptions {
  /** `host:port` of one or more brokers. */
  brokers: readonly string[];
  clientId: string;
  requestTimeoutMs: number;
  /** 5,000 unless given. */
  connectTimeoutMs?: number | undefined;
  security: SecurityOptions;
  /** Called when an open connection was closed by a broker, or broke. */
  onLost?: (() => void) | undefined;
}

interface TopicMetadata {
  topicId: string;
  leaders: (number | undefined)[];
}

/** What a coordinator is asked for. */
export type CoordinatorKind = 'group' | 'transaction';

const retries = { from: 4, to: 500 };

/**
 * How long a broker may take, in milliseconds. It says what it knows of the cluster from memory, and one that
 * stalls must not keep a member from its coordinator until the session is over; what a coordinator does is a
 * write that is replicated.
 */
const patience = { ask: 3_000, coordinator: 10_000 };
/** How long a fetch, or a batch that is written, may take at most. */
export const transferMs = 10_000;

/** How long what fails and may pass is tried again, unless something else is asked for, in milliseconds. */
export const defaultRetryMs = 30_000;

/** Whether an error is one that passes. */
function isPassing(error: unknown): boolean {
  return error instanceof RetriableError;
}

/** Runs `attempt` again while it fails with something that passes, until `deadlineMs` is over. */
export async function retrying<T>(
  deadlineMs: number,
  attempt: () => Promise<T>,
  passes: (error: unknown) => boolean = isPassing,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (let failures = 1; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      const wait = backoff(failures, retries);
      if (!passes(error) || performance.now() + wait > end) throw error;
      await sleep(wait);
    }
  }
}

/** Metadata and connections, shared by everything that one client does. */
export class Cluster {
  readonly options: ClusterOptions;
  readonly #configured: readonly BrokerAddress[];
  readonly #topics = new Map<string, TopicMetadata>();
  readonly #namesById = new Map<string, string>();
  readonly #nodes = new Map<number, BrokerAddress>();
  readonly #links = new Map<string, Link>();
  readonly #coordinators = new Map<string, number>();
  /** Which of the brokers is asked first. */
  #first = 0;

  constructor(options: ClusterOptions) {
    if (options.brokers.length === 0)
      throw new FatalError('CONFIGURATION_INVALID', 'no Kafka brokers were given');
    this.options = options;
    this.#configured = options.brokers.map(addressOf);
  }

  /** A new connection to the same place: for requests that may wait long and would hold up others. */
  dedicated(link: Link, requestTimeoutMs: number = this.options.requestTimeoutMs): Link {
    return this.#newLink(link, requestTimeoutMs);
  }

  /** Asks for the metadata of topics; unknown topics are absent afterwards. */
  async refresh(topics: readonly string[]): Promise<void> {
    const metadata = await this.onAnyBroker(
      (link) =>
        link.call('asking for metadata', wire.metadata, [...topics], false, false).catch((error: unknown) => {
          const answer = partialAnswer<{ brokers: Broker[]; topics: TopicAnswer[] }>(error);
          if (answer) return answer;
          throw error;
        }),
      patience.ask,
    );
    this.#nodes.clear();
    for (const { nodeId, host, port } of metadata.brokers) this.#nodes.set(nodeId, { host, port });
    for (const topic of metadata.topics) this.#learn(topic);
  }

  /** Asks for the names of all topics but Kafka's own. */
  async listTopics(): Promise<string[]> {
    const { topics } = await this.onAnyBroker(
      (link) =>
        link.call('listing topics', wire.metadata, null, false, false).catch((error: unknown) => {
          // Partitions without a leader are errors in it.
          const answer = partialAnswer<{ topics: (TopicAnswer & { isInternal: boolean })[] }>(error);
          if (answer) return answer;
          throw error;
        }),
      patience.ask,
    );
    return topics.flatMap(({ name, isInternal, partitions }) =>
      name && !isInternal && partitions.length > 0 ? [name] : [],
    );
  }

  #learn({ errorCode, name, topicId, partitions }: TopicAnswer): void {
    if (!name) return;
    if (errorName(errorCode) === 'TOPIC_AUTHORIZATION_FAILED') {
      throw remedyOfName('TOPIC_AUTHORIZATION_FAILED', `describing topic ${name}`, {
        operation: 'Describe',
        topics: [name],
      });
    }
    if (partitions.length === 0) {
      this.#topics.delete(name);
      return;
    }
    const leaders: (number | undefined)[] = [];
    for (const { partitionIndex, leaderId } of partitions)
      leaders[partitionIndex] = leaderId >= 0 ? leaderId : undefined;
    this.#topics.set(name, { topicId, leaders });
    this.#namesById.set(topicId, name);
  }

  /** The number of a topic's partitions, if the topic is known. */
  partitions(topic: string): number | undefined {
    return this.#topics.get(topic)?.leaders.length;
  }

  /**
   * The leaders of a topic's partitions; undefined where one has none. @throws where the topic is unknown.
   */
  leadersOf(topic: string): readonly (number | undefined)[] {
    return this.#topic(topic).leaders;
  }

  /** A topic's id, as Fetch wants it. */
  topicId(topic: string): string {
    return this.#topic(topic).topicId;
  }

  /** The topic of an id. */
  topicName(topicId: string): string | undefined {
    return this.#namesById.get(topicId);
  }

  /**
   * The node that leads a partition. @throws RetriableError while there is none; the topic is then asked for
   * again.
   */
  leader({ topic, partition }: TopicPartition): number {
    const leader = this.#topic(topic).leaders[partition];
    if (leader !== undefined && this.#nodes.has(leader)) return leader;
    this.forget([topic]);
    const name = partitionName(topic, partition);
    throw new RetriableError('BROKER_REFUSED', `partition ${name} has no leader now`);
  }

  /** Knows the leaders of these topics, asking only for the unknown ones. */
  async know(topics: Iterable<string>): Promise<void> {
    const unknown = [...new Set(topics)].filter((topic) => !this.#topics.has(topic));
    if (unknown.length > 0) await this.refresh(unknown);
  }

  /**
   * The leader of each of these partitions, with the partitions that it leads. @throws RetriableError where
   * one has none.
   */
  async leaders<P extends TopicPartition>(partitions: readonly P[]): Promise<Map<number, P[]>> {
    await this.know(partitions.map(({ topic }) => topic));
    return Map.groupBy(partitions, (partition) => this.leader(partition));
  }

  /** Forgets what is known of topics: it was wrong, or may be. */
  forget(topics: Iterable<string>): void {
    for (const topic of topics) this.#topics.delete(topic);
    this.#first++;
  }

  /** The shared connection to a node for one purpose, whose requests take no longer than `withinMs`. */
  link(node: number, purpose: string, withinMs?: number): Link {
    const address = this.#nodes.get(node);
    if (!address) throw new RetriableError('BROKER_REFUSED', `broker ${node} is not known yet`);
    return this.#shared(address, purpose, withinMs);
  }

  /**
   * Calls a coordinator. It is found again next time when it turns out to have moved, or cannot be reached.
   */
  async onCoordinator<T>(kind: CoordinatorKind, key: string, call: (link: Link) => Promise<T>): Promise<T> {
    const link = await this.#coordinator(kind, key);
    try {
      return await call(link);
    } catch (error) {
      if (coordinatorMoved(error)) {
        this.#coordinators.delete(`${kind}/${key}`);
        this.#first++;
      }
      throw error;
    }
  }

  async #coordinator(kind: CoordinatorKind, key: string): Promise<Link> {
    const known = this.#coordinators.get(`${kind}/${key}`);
    if (known !== undefined && this.#nodes.has(known)) return this.link(known, kind, patience.coordinator);
    const doing = `finding the coordinator of ${kind} ${key}`;
    const { coordinators } = await this.onAnyBroker(
      (link) => link.call(doing, wire.findCoordinator, kind === 'group' ? 0 : 1, [key]),
      patience.ask,
    );
    const found = coordinators[0];
    if (!found || found.nodeId < 0) throw new RetriableError('BROKER_REFUSED', `${doing}: there is none now`);
    this.#nodes.set(found.nodeId, { host: found.host, port: found.port });
    this.#coordinators.set(`${kind}/${key}`, found.nodeId);
    return this.link(found.nodeId, kind, patience.coordinator);
  }

  /**
   * Calls one broker, whichever can be reached and replies within `withinMs`: those that were given, and
   * those that they named. For requests that every broker takes.
   */
  async onAnyBroker<T>(call: (link: Link) => Promise<T>, withinMs?: number): Promise<T> {
    const known = [...this.#configured, ...this.#nodes.values()].map(
      (address) => [nameOf(address), address] as const,
    );
    const brokers = [...new Map(known).values()];
    const first = this.#first;
    let failure: unknown;
    for (let i = 0; i < brokers.length; i++) {
      const address = brokers[(first + i) % brokers.length] as BrokerAddress;
      try {
        return await call(this.#shared(address, 'any', withinMs));
      } catch (error) {
        if (!isUnreachable(error)) throw error;
        this.#first++;
        failure = error;
      }
    }
    throw failure;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#links.values()].map((link) => link.close()));
    this.#links.clear();
  }

  #shared(address: BrokerAddress, purpose: string, withinMs = Number.POSITIVE_INFINITY): Link {
    const timeoutMs = Math.min(withinMs, this.options.requestTimeoutMs);
    const name = `${purpose}/${timeoutMs}/${nameOf(address)}`;
    let link = this.#links.get(name);
    if (!link) this.#links.set(name, (link = this.#newLink(address, timeoutMs)));
    return link;
  }

  #newLink({ host, port }: BrokerAddress, requestTimeoutMs: number = this.options.requestTimeoutMs): Link {
    return new Link(host, port, { ...this.options, requestTimeoutMs });
  }

  #topic(topic: string): TopicMetadata {
    const found = this.#topics.get(topic);
    if (!found)
      throw new RetriableError('TOPIC_UNKNOWN', `topic ${topic} is not known to the broker; create it`);
    return found;
  }
}

interface Broker extends BrokerAddress {
  nodeId: number;
}

interface TopicAnswer {
  errorCode: number;
  name?: string | null | undefined;
  topicId: string;
  partitions: { partitionIndex: number; leaderId: number }[];
}

function nameOf({ host, port }: BrokerAddress): string {
  return `${host}:${port}`;
}

/** Whether no answer came: another broker may give one. */
function isUnreachable(error: unknown): boolean {
  return error instanceof StreamsError && (error.code === 'CONNECTION_LOST' || error.code === 'TIMED_OUT');
}

/** Whether an error means that the coordinator has moved or is not ready. */
function coordinatorMoved(error: unknown): boolean {
  if (isUnreachable(error)) return true;
  return brokerErrors(error).some((name) => name.includes('COORDINATOR'));
}
