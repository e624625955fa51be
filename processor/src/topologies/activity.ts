// The activity topology: raw events in; logs, window counts, users and dead letters out.
import {
  activityEvent,
  windowSizes,
  type Topics,
  type UserActivity,
  type WindowSize,
} from '@activity/contracts';
import { jsonSerde, StreamsBuilder, stringSerde, tumbling, type Topology } from '@activity/streams';
import { addToTally, emptyTally, windowCount, type Tally } from '../steps/count.ts';
import { enrich } from '../steps/enrich.ts';
import { eventTime } from '../steps/event-time.ts';
import { countTotals, withRolling } from '../steps/user.ts';

/** What the topology can be told. Times in milliseconds. */
export interface ActivityOptions {
  topics: Topics;
  dedupeMs: number;
  graceMs: number;
}

/** Everything derived from a raw record goes to that record's partition, so that one user's records stay in order. */
function samePartition(_record: unknown, _partitions: number, source: number): number {
  return source;
}

/** Builds the topology. */
export function activityTopology({ topics, dedupeMs, graceMs }: ActivityOptions): Topology {
  const builder = new StreamsBuilder();
  const logs = builder
    .stream(topics.raw, {
      name: 'raw',
      key: stringSerde,
      value: jsonSerde((value) => activityEvent.parse(value)),
      timestamp: eventTime,
    })
    .dedupe({ name: 'dedupe', by: ({ eventId }) => eventId, within: dedupeMs })
    .processValues(enrich, { name: 'enrich', value: jsonSerde() });
  logs.to(topics.enriched, { name: 'enriched', partitioner: samePartition });

  for (const size of Object.keys(windowSizes) as WindowSize[]) {
    logs
      .groupByKey()
      .windowedBy(tumbling({ size: windowSizes[size], grace: graceMs }))
      .aggregate(emptyTally, (_userId, log, tally) => addToTally(tally, log.activityType), {
        store: `counts-by-${size}`,
        value: jsonSerde<Tally>(),
      })
      .toStream()
      .coalesce({ name: `counts-${size}-coalesce` })
      .filter((tally) => tally !== undefined)
      .map((window, tally) => {
        const count = windowCount(window, size, tally ?? emptyTally());
        return [count._id, count] as const;
      })
      .to(topics.counts, {
        name: `counts-${size}`,
        key: stringSerde,
        value: jsonSerde(),
        partitioner: samePartition,
      });
  }

  const userStore = builder.addStore<string, UserActivity>({
    name: 'users',
    kind: 'keyValue',
    key: stringSerde,
    value: jsonSerde(),
  });
  // Totals first, without an output: the rolling count that follows for every log brings the user's record out once.
  logs.processValues(countTotals(userStore.name), { name: 'user-totals', stores: [userStore] });
  logs
    .groupByKey()
    .rollingCount({ name: 'rolling', last: ['5m', '1h', '24h'] })
    .processValues(withRolling(userStore.name), {
      name: 'user-rolling',
      stores: [userStore],
      value: jsonSerde(),
    })
    .coalesce({ name: 'users-coalesce' })
    .to(topics.users, { name: 'users', partitioner: samePartition });
  return builder.build();
}
