// The benchmark's job on packages/streams: dedupe, enrich, minute and hour counts, exactly once.
// Arguments: brokers, application id, input, enriched, counts, state folder or '' for memory.
import { createStreams, jsonSerde, StreamsBuilder, stringSerde, tumbling } from '@activity/streams';
import type { Processor, ProcessorContext } from '@activity/streams';

interface Activity {
  eventId: string;
  userId: string;
  activityType: string;
  metadata: object;
  timestamp: string;
  receivedAt: string;
}

interface Log extends Activity {
  _id: number;
  createdAt: string;
}

const [brokers = '', applicationId = '', input = '', enriched = '', counts = '', stateDir = ''] =
  process.argv.slice(2);

function enrich(): Processor<string, Activity, string, Log> {
  let context: ProcessorContext<string, Log>;
  return {
    init(given) {
      context = given;
    },
    process({ key, value, timestamp, headers }) {
      const position = context.position();
      if (!position) return;
      const _id = position.offset * 1024 + position.partition;
      const log = { ...value, _id, createdAt: new Date(context.now()).toISOString() };
      context.forward({ key, value: log, timestamp, headers });
    },
  };
}

const builder = new StreamsBuilder();
const logs = builder
  .stream(input, { key: stringSerde, value: jsonSerde<Activity>() })
  .dedupe({ name: 'dedupe', by: ({ eventId }) => eventId, within: '24h' })
  .processValues(enrich, { name: 'enrich', value: jsonSerde<Log>() });
logs.to(enriched);
for (const size of ['1m', '60m'] as const) {
  logs
    .groupByKey()
    .windowedBy(tumbling({ size, grace: '10m' }))
    .count({ store: `counts-${size}` })
    .toStream()
    .coalesce()
    .map(({ key, start }, total) => {
      const _id = `${key}|${size}|${new Date(start).toISOString()}`;
      return [_id, { _id, total }] as const;
    })
    .to(counts, { key: stringSerde, value: jsonSerde() });
}

const streams = createStreams({
  applicationId,
  topology: builder.build(),
  brokers: brokers.split(','),
  ...(stateDir !== '' && { stateDir }),
  onState: (state) => console.log(`STATE ${state}`),
});
process.on('SIGTERM', () => {
  void streams.close().then(() => process.exit(0));
});
await streams.start();
