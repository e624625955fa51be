// The activity topology: raw events in; logs, window counts, users and dead letters out.
import { activityEvent, windowSizes, type Topics, type WindowSize } from '@activity/contracts';
import { jsonSerde, StreamsBuilder, stringSerde, tumbling, type Topology } from '@activity/streams';
import { addToTally, addToUser, emptyTally, windowCount, type Tally } from '../steps/count.ts';
import { enrich } from '../steps/enrich.ts';
import { eventTime } from '../steps/event-time.ts';

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

  logs
    .groupByKey()
    .aggregate<Parameters<typeof addToUser>[0]>(
      () => undefined,
      (_userId, log, user) => addToUser(user, log),
      { store: 'users', value: jsonSerde() },
    )
    .toStream()
    .to(topics.users, { name: 'users', partitioner: samePartition });
  return builder.build();
}
