// The benchmark's job on packages/streams: dedupe, enrich, minute and hour counts.
import {
  addFields,
  jsonObjectSerde,
  jsonSerde,
  StreamsBuilder,
  stringSerde,
  tumbling,
  type Topology,
} from '@activity/streams';
import type { JsonObject, Processor, ProcessorContext } from '@activity/streams';

interface Activity {
  eventId: string;
  userId: string;
  activityType: string;
  metadata: object;
  timestamp: string;
  receivedAt: string;
}

type Log = Activity & { _id: number; createdAt: string };

function enrich(): Processor<string, JsonObject<Activity>, string, JsonObject<Log>> {
  let context: ProcessorContext<string, JsonObject<Log>>;
  return {
    init(given) {
      context = given;
    },
    process({ key, value, timestamp, headers }) {
      const position = context.position();
      if (!position) return;
      const _id = position.offset * 1024 + position.partition;
      const log = addFields(value, { _id, createdAt: new Date(context.now()).toISOString() });
      context.forward({ key, value: log, timestamp, headers });
    },
  };
}

/** The topology; a module, so that worker threads can load it. */
export default function job({
  input,
  enriched,
  counts,
}: {
  input: string;
  enriched: string;
  counts: string;
}): Topology {
  const builder = new StreamsBuilder();
  const logs = builder
    .stream(input, { key: stringSerde, value: jsonObjectSerde<Activity>() })
    .dedupe({ name: 'dedupe', by: ({ value }) => value.eventId, within: '24h' })
    .processValues(enrich, { name: 'enrich', value: jsonObjectSerde<Log>() });
  logs.to(enriched);
  for (const size of ['1m', '60m'] as const) {
    logs
      .groupByKey()
      .windowedBy(tumbling({ size, grace: '10m' }))
      .count({ store: `counts-${size}`, emit: 'commit' })
      .toStream()
      .map(({ key, start }, total) => {
        const _id = `${key}|${size}|${new Date(start).toISOString()}`;
        return [_id, { _id, total }] as const;
      })
      .to(counts, { key: stringSerde, value: jsonSerde() });
  }
  return builder.build();
}
