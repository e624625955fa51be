// The cluster: which broker leads a partition or coordinates a group, and a link to each of them.
import { setTimeout as sleep } from 'node:timers/promises';
import { FatalError, RetriableError } from '../errors.ts';
import { Link, partialAnswer, remedyOfName, wire, type SecurityOptions } from './platformatic.ts';
import { partitionName, type TopicPartition } from './port.ts';

/** Settings of a {@link Cluster}. Times in milliseconds. */
export interface ClusterOptions {
  /** `host:port` of one or more brokers. */
  brokers: readonly string[];
  clientId: string;
  requestTimeoutMs: number;
  security: SecurityOptions;
}

interface TopicMetadata {
  topicId: string;
  leaders: (number | undefined)[];
}

/** What a coordinator is asked for. */
export type CoordinatorKind = 'group' | 'transaction';

/** Runs `attempt` again while it fails with something that passes, until `deadlineMs` is over. */
export async function retrying<T>(deadlineMs: number, attempt: () => Promise<T>): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (let wait = 2; ; wait = Math.min(wait * 2, 500)) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof RetriableError) || performance.now() + wait > end) throw error;
      await sleep(wait);
    }
  }
}

/** Metadata and connections, shared by everything that one client does. */
export class Cluster {
  readonly options: ClusterOptions;
  readonly #topics = new Map<string, TopicMetadata>();
  readonly #namesById = new Map<string, string>();
  readonly #nodes = new Map<number, { host: string; port: number }>();
  readonly #links = new Map<string, Link>();
  readonly #coordinators = new Map<string, number>();
  #nextBootstrap = 0;

  constructor(options: ClusterOptions) {
    if (options.brokers.length === 0)
      throw new FatalError('CONFIGURATION_INVALID', 'no Kafka brokers were given');
    this.options = options;
  }

  /** A new connection to the same place: for requests that may wait long and would hold up others. */
  dedicated(link: Link, requestTimeoutMs: number = this.options.requestTimeoutMs): Link {
    return this.#newLink(link.host, link.port, requestTimeoutMs);
  }

  /** Asks for the metadata of topics; unknown topics are absent afterwards. */
  async refresh(topics: readonly string[]): Promise<void> {
    const link = this.#bootstrap();
    const metadata = await link
      .call('asking for metadata', wire.metadata, [...topics], false, false)
      .catch((error: unknown) => {
        const answer = partialAnswer<{ brokers: Broker[]; topics: TopicAnswer[] }>(error);
        if (answer) return answer;
        this.#nextBootstrap++;
        throw error;
      });
    for (const broker of metadata.brokers) this.#nodes.set(broker.nodeId, broker);
    for (const topic of metadata.topics) {
      if (!topic.name) continue;
      if (topic.errorCode === 29) {
        throw remedyOfName('TOPIC_AUTHORIZATION_FAILED', `describing topic ${topic.name}`, {
          operation: 'Describe',
          topics: [topic.name],
        });
      }
      if (topic.partitions.length === 0) {
        this.#topics.delete(topic.name);
        continue;
      }
      const leaders: (number | undefined)[] = [];
      for (const partition of topic.partitions) {
        leaders[partition.partitionIndex] = partition.leaderId >= 0 ? partition.leaderId : undefined;
      }
      this.#topics.set(topic.name, { topicId: topic.topicId, leaders });
      this.#namesById.set(topic.topicId, topic.name);
    }
  }

  /** The number of a topic's partitions, if the topic is known. */
  partitions(topic: string): number | undefined {
    return this.#topics.get(topic)?.leaders.length;
  }

  /** A topic's id, as Fetch wants it. */
  topicId(topic: string): string {
    return this.#topic(topic).topicId;
  }

  /** The topic of an id. */
  topicName(topicId: string): string | undefined {
    return this.#namesById.get(topicId);
  }

  /** The node that leads a partition. @throws RetriableError while there is none. */
  leader({ topic, partition }: TopicPartition): number {
    const leader = this.#topic(topic).leaders[partition];
    if (leader === undefined) {
      throw new RetriableError(
        'BROKER_REFUSED',
        `partition ${partitionName(topic, partition)} has no leader now`,
      );
    }
    return leader;
  }

  /** Knows the leaders of these topics, asking only for the unknown ones. */
  async know(topics: Iterable<string>): Promise<void> {
    const unknown = [...new Set(topics)].filter((topic) => !this.#topics.has(topic));
    if (unknown.length > 0) await this.refresh(unknown);
  }

  /** Forgets what is known of topics, after a leader has moved. */
  forget(topics: Iterable<string>): void {
    for (const topic of topics) this.#topics.delete(topic);
  }

  /** The shared connection to a node for one purpose. */
  link(node: number, purpose: string): Link {
    const address = this.#nodes.get(node);
    if (!address) throw new RetriableError('BROKER_REFUSED', `broker ${node} is not known yet`);
    const name = `${purpose}/${address.host}:${address.port}`;
    let link = this.#links.get(name);
    if (!link) this.#links.set(name, (link = this.#newLink(address.host, address.port)));
    return link;
  }

  /** A link to the coordinator of a group or of a transactional id. */
  async coordinator(kind: CoordinatorKind, key: string): Promise<Link> {
    const known = this.#coordinators.get(`${kind}/${key}`);
    if (known !== undefined) return this.link(known, kind);
    const doing = `finding the coordinator of ${kind} ${key}`;
    const { coordinators } = await this.#bootstrap()
      .call(doing, wire.findCoordinator, kind === 'group' ? 0 : 1, [key])
      .catch((error: unknown) => {
        this.#nextBootstrap++;
        throw error;
      });
    const found = coordinators[0];
    if (!found || found.nodeId < 0) throw new RetriableError('BROKER_REFUSED', doing);
    this.#nodes.set(found.nodeId, found);
    this.#coordinators.set(`${kind}/${key}`, found.nodeId);
    return this.link(found.nodeId, kind);
  }

  /** Calls a coordinator, finding it anew next time when it turns out to have moved. */
  async onCoordinator<T>(kind: CoordinatorKind, key: string, call: (link: Link) => Promise<T>): Promise<T> {
    const link = await this.coordinator(kind, key);
    try {
      return await call(link);
    } catch (error) {
      if (coordinatorMoved(error)) this.#coordinators.delete(`${kind}/${key}`);
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#links.values()].map((link) => link.close()));
    this.#links.clear();
  }

  /** Any broker that answers: the ones given first, one after the other when one fails. */
  bootstrap(): Link {
    return this.#bootstrap();
  }

  #bootstrap(): Link {
    const { brokers } = this.options;
    const broker = brokers[this.#nextBootstrap % brokers.length] as string;
    let link = this.#links.get(broker);
    if (!link) {
      const colon = broker.lastIndexOf(':');
      const port = colon < 0 ? 9092 : Number(broker.slice(colon + 1));
      link = this.#newLink(colon < 0 ? broker : broker.slice(0, colon), port);
      this.#links.set(broker, link);
    }
    return link;
  }

  #newLink(host: string, port: number, requestTimeoutMs: number = this.options.requestTimeoutMs): Link {
    const { clientId, security } = this.options;
    return new Link(host, port, { clientId, requestTimeoutMs, security });
  }

  #topic(topic: string): TopicMetadata {
    const found = this.#topics.get(topic);
    if (!found)
      throw new RetriableError('TOPIC_UNKNOWN', `topic ${topic} is not known to the broker; create it`);
    return found;
  }
}

interface Broker {
  nodeId: number;
  host: string;
  port: number;
}

interface TopicAnswer {
  errorCode: number;
  name: string | null;
  topicId: string;
  partitions: { partitionIndex: number; leaderId: number }[];
}

/** Whether an error means that the coordinator has moved or is not ready. */
function coordinatorMoved(error: unknown): boolean {
  return (
    error instanceof RetriableError &&
    (error.code === 'CONNECTION_LOST' || error.code === 'TIMED_OUT' || /COORDINATOR/.test(error.message))
  );
}
