// What others of the pipeline may ask of the supervisor: how far each stage is.
import type { StageReport, Topics } from '@activity/contracts';
import type { MonitoringRoute } from '@activity/service';
import type { TopicReader } from '@activity/streams';
import type { ConnectClient, ConnectorStatus } from './connect-client.ts';
import type { Connector } from './connectors.ts';
import { sinkPositions } from './sink-positions.ts';

/** What is asked. */
export interface InspectionOptions {
  reader: TopicReader;
  client: Pick<ConnectClient, 'statuses'>;
  connectors: readonly Connector[];
  topics: Topics;
  /** The processor's application id. */
  groupId: string;
  erasures: () => { waiting: number; kept: number };
  /** Up to which moment a collection is complete, where that is known. */
  asOf: (collection: string) => Date | undefined;
  now: () => number;
}

/** Answers are that old at most, in milliseconds: many may ask at once. */
const freshMs = 250;

/**
 * Makes the functions that return how far the stages are. @throws Error where Kafka does not answer; Connect
 * may be away.
 */
export function createInspection(options: InspectionOptions): () => Promise<StageReport> {
  const { reader, client, connectors, topics, groupId, erasures, asOf, now } = options;

  async function look(): Promise<StageReport> {
    const at = new Date(now()).toISOString();
    const [starts, ends, committed, sinks, statuses] = await Promise.all([
      reader.offsets(topics.raw, 'earliest'),
      reader.offsets(topics.raw, 'latest'),
      reader.committed(groupId, topics.raw),
      sinkPositions(reader, connectors),
      client.statuses().catch((): ConnectorStatus[] => []),
    ]);
    const partitions = ends.map((end, partition) => ({
      partition,
      committed: Math.max(starts[partition] ?? 0, committed[partition] ?? 0),
      end,
    }));
    return {
      at,
      processor: { lag: sum(partitions.map((one) => one.end - one.committed)), partitions },
      sinks: connectors.map(({ name, config }) => {
        const status = statuses.find((one) => one.name === name);
        const own = sinks.filter(({ connector }) => connector === name);
        return {
          connector: name,
          topic: config['topics'] ?? '',
          lag: sum(own.map(({ end, committed: stored = 0 }) => Math.max(0, end - stored - 1))),
          state: status?.connector.state ?? 'UNKNOWN',
          tasks: status?.tasks.map(({ state }) => state) ?? [],
          asOf: asOf(config['collection'] ?? '')?.toISOString() ?? null,
        };
      }),
      erasures: erasures(),
    };
  }

  let asked = -Infinity;
  let answer: Promise<StageReport> | undefined;
  return async function inspect() {
    if (answer === undefined || now() - asked > freshMs) {
      asked = now();
      answer = look();
      answer.catch(() => (answer = undefined));
    }
    return answer;
  };
}

/** `GET /stages`. */
export function stagesRoute(inspect: () => Promise<StageReport>): MonitoringRoute {
  return async function stages() {
    return { status: 200, body: await inspect() };
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
