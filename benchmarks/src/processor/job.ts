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
import type { JsonObject, KStream, Processor, ProcessorContext, WindowStore } from '@activity/streams';

interface Activity {
  eventId: string;
  userId: string;
  activityType: string;
  metadata: object;
  timestamp: string;
  receivedAt: string;
}

type Log = Activity & { _id: number; createdAt: string };

interface Count {
  _id: string;
  start: number;
  total: number;
}

/** Names of the topics, and how windows are counted. */
export interface JobOptions {
  input: string;
  enriched: string;
  counts: string;
  /** true: by the DSL; otherwise the counts topic is the store's changelog. */
  dsl: boolean;
}

const sizes = [
  { label: '1m', sizeMs: 60_000 },
  { label: '60m', sizeMs: 3_600_000 },
];
const graceMs = 600_000;

function enrich(): Processor<string, JsonObject<Activity>, string, JsonObject<Log>> {
  let context: ProcessorContext<string, JsonObject<Log>>;
  let millisecond = 0;
  let createdAt = '';
  return {
    init(given) {
      context = given;
    },
    process({ key, value, timestamp, headers }) {
      const now = context.now();
      if (now !== millisecond) [millisecond, createdAt] = [now, new Date(now).toISOString()];
      const position = context.position();
      if (!position) return;
      const _id = position.offset * 1024 + position.partition;
      const log = addFields(value, { _id, createdAt });
      context.forward({ key, value: log, timestamp, headers });
    },
  };
}

/** Counts by user and window. The counts topic is the store's changelog: each count is written once. */
function countWindows(store: string): () => Processor<string, JsonObject<Log>, never, never> {
  return function createCountWindows() {
    let context: ProcessorContext<never, never>;
    let counts: WindowStore<string, Count>;
    return {
      init(given) {
        context = given;
        counts = given.windowStore(store);
      },
      process({ key, timestamp }) {
        for (const { label, sizeMs } of sizes) {
          const start = Math.floor(timestamp / sizeMs) * sizeMs;
          if (start + sizeMs <= context.streamTime - graceMs) continue;
          const _id = `${key}|${label}`;
          counts.update(_id, start, timestamp, (old) => ({ _id, start, total: (old?.total ?? 0) + 1 }));
        }
      },
    };
  };
}

/** Counts as the DSL has it: a changelog for each store, and the counts topic beside. */
function countByDsl(logs: KStream<string, JsonObject<Log>>, counts: string): void {
  for (const { label, sizeMs } of sizes) {
    logs
      .groupByKey()
      .windowedBy(tumbling({ size: sizeMs, grace: graceMs }))
      .count({ store: `counts-${label}`, emit: 'commit' })
      .toStream()
      .map(({ key, start }, total = 0): [string, Count] => {
        const _id = `${key}|${label}`;
        return [`${_id}@${start}`, { _id, start, total }];
      })
      .to(counts, { key: stringSerde, value: jsonSerde() });
  }
}

/** The topology; a module, so that worker threads can load it. */
export default function job({ input, enriched, counts, dsl }: JobOptions): Topology {
  const builder = new StreamsBuilder();
  const logs = builder
    .stream(input, { key: stringSerde, value: jsonObjectSerde<Activity>() })
    .dedupe({ name: 'dedupe', by: ({ value }) => value.eventId, within: '24h' })
    .processValues(enrich, { name: 'enrich', value: jsonObjectSerde<Log>() });
  logs.to(enriched);
  if (dsl) {
    countByDsl(logs, counts);
  } else {
    const store = builder.addStore({
      name: 'counts',
      kind: 'window',
      key: stringSerde,
      value: jsonSerde<Count>(),
      retention: '70m',
      changelogTopic: counts,
    });
    logs.process(countWindows('counts'), { name: 'count', stores: [store] });
  }
  return builder.build();
}
