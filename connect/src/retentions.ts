// How long the broker keeps what topics hold of a user, by the settings of the topics.
import type { HeldPlace, Topics } from '@activity/contracts';
import { needing, type KafkaSecurity } from '@activity/service';
import { Admin, ConfigResourceTypes } from '@platformatic/kafka';

/** Where Kafka is and how it is reached. */
export interface KafkaAccess {
  brokers: readonly string[];
  security: KafkaSecurity;
}

/**
 * What a topic holds of a user and for how long, in milliseconds; undefined: without an end, `why` says for
 * what reason.
 */
export interface Holding extends Pick<HeldPlace, 'holds' | 'why'> {
  topic: string;
  ms: number | undefined;
}

/** The broker looks for expired segments each 5 minutes, and deletes their files a minute later. */
const slackMs = 10 * 60_000;
const dayMs = 86_400_000;

const settings = ['cleanup.policy', 'retention.ms', 'segment.ms', 'max.compaction.lag.ms'];
/** Kafka's largest number: never. */
const never = 2 ** 62;

/** Internal topics that name no user, by how their names end. */
const withoutUsers =
  /-(minutes-repartition|ledger-changelog|positions-changelog|origin-changelog|minutes-changelog)$/;

function numberOf(values: ReadonlyMap<string, string>, name: string): number | undefined {
  const value = Number(values.get(name) ?? -1);
  return value < 0 || value > never ? undefined : value;
}

function sum(...parts: (number | undefined)[]): number | undefined {
  return parts.reduce(
    (all, part) => (all === undefined || part === undefined ? undefined : all + part),
    slackMs,
  );
}

/** How long a record stays: whole segments are deleted, which are written to for `segment.ms`. */
function heldMs(values: ReadonlyMap<string, string>): {
  kept: number | undefined;
  replaced: number | undefined;
} {
  const lag = numberOf(values, 'max.compaction.lag.ms');
  return {
    kept: sum(numberOf(values, 'retention.ms'), numberOf(values, 'segment.ms')),
    // Compacted a day after its segment was closed at the latest; the tombstone goes a day later.
    replaced: sum(lag, lag, dayMs),
  };
}

/** How long a topic that is deleted from by time holds a record. */
function keptFor(values: ReadonlyMap<string, string>): Pick<Holding, 'ms' | 'why'> {
  const { kept } = heldMs(values);
  return { ms: kept, ...(kept === undefined && { why: noTime }) };
}

/** What each topic of the pipeline, and of the processor's own, holds of a user who is erased. */
export function holdingsOf(
  topics: Topics,
  internal: readonly string[],
  valuesOf: (topic: string) => ReadonlyMap<string, string>,
): Holding[] {
  const kept = (topic: string, holds: Holding['holds']): Holding => ({
    topic,
    holds,
    ...keptFor(valuesOf(topic)),
  });
  return [
    kept(topics.raw, 'events'),
    kept(topics.enriched, 'events'),
    kept(topics.deadLetter, 'events'),
    kept(topics.sinkDeadLetter, 'events'),
    kept(topics.counts, 'counts'),
    { topic: topics.users, holds: 'counts', ...bySettings(valuesOf(topics.users)) },
    {
      topic: topics.users,
      holds: 'id',
      ms: undefined,
      why: 'the marker of the erasure, which keeps a replay from bringing the user back, is replaced by the next event alone',
    },
    kept(topics.erasures, 'id'),
    ...internal
      .filter((topic) => !withoutUsers.test(topic))
      .map((topic): Holding => ({ topic, holds: 'id', ...internalHolding(topic, valuesOf(topic)) })),
  ];
}

const noTime = 'the settings of the topic name no time';

/** How long a topic of the processor's own holds the id of a user who was erased. */
function internalHolding(topic: string, values: ReadonlyMap<string, string>): Pick<Holding, 'ms' | 'why'> {
  if (topic.endsWith('-people-changelog')) {
    const why =
      'the number of the erasure, by which copies of erased events are recognised, stays with the user id';
    return { ms: undefined, why };
  }
  return bySettings(values);
}

/** How long a topic holds a record that was replaced by a marker. */
function bySettings(values: ReadonlyMap<string, string>): Pick<Holding, 'ms' | 'why'> {
  const policy = (values.get('cleanup.policy') ?? '').split(',').map((one) => one.trim());
  const { kept, replaced } = heldMs(values);
  // What is both compacted and deleted by time is gone with the first of the two.
  const ends = [
    ...(policy.includes('compact') ? [replaced] : []),
    ...(policy.includes('delete') ? [kept] : []),
  ].filter((ms) => ms !== undefined);
  if (ends.length > 0) return { ms: Math.min(...ends) };
  return { ms: undefined, why: noTime };
}

/** Reads from the broker what topics hold of a user and for how long. */
export async function readHoldings(
  { brokers, security }: KafkaAccess,
  topics: Topics,
  groupId: string,
): Promise<Holding[]> {
  const admin = new Admin({ clientId: 'activity-eraser', bootstrapBrokers: [...brokers], ...security });
  try {
    const there = await admin.listTopics();
    const internal = there.filter((topic) => topic.startsWith(`${groupId}-`));
    const { raw, enriched, deadLetter, sinkDeadLetter, counts, users, erasures } = topics;
    const holding = [raw, enriched, deadLetter, sinkDeadLetter, counts, users, erasures, ...internal].filter(
      (topic) => there.includes(topic),
    );
    const described = await needing(`DescribeConfigs on topics ${holding.join(', ')}`, () =>
      admin.describeConfigs({
        resources: holding.map((resourceName) => ({
          resourceType: ConfigResourceTypes.TOPIC,
          resourceName,
          configurationKeys: settings,
        })),
      }),
    );
    const values = new Map(
      described.map(({ resourceName, configs }) => [
        resourceName,
        new Map(configs.map(({ name, value }) => [name, value ?? ''])),
      ]),
    );
    return holdingsOf(topics, internal, (topic) => values.get(topic) ?? new Map());
  } finally {
    await admin.close();
  }
}
