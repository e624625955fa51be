// The soak's topology: everything that keeps state and must let go of it again, over short times.
import { jsonSerde, StreamsBuilder, stringSerde, tumbling, type Topology } from '@activity/streams';

/** Dedupe over a minute, minute windows, and a rolling count over ten seconds and a minute. */
export default function job({ input, output }: { input: string; output: string }): Topology {
  const builder = new StreamsBuilder();
  const events = builder
    .stream(input, { key: stringSerde, value: jsonSerde<{ eventId: string }>() })
    .dedupe({ name: 'dedupe', by: ({ eventId }) => eventId, within: '1m' });
  events
    .groupByKey()
    .windowedBy(tumbling({ size: '1m', grace: '10s' }))
    .count({ store: 'windows', emit: 'commit' })
    .toStream()
    .map(({ key }, count) => [key, String(count)] as const)
    .to(output, { key: stringSerde, value: stringSerde });
  events
    .groupByKey()
    .rollingCount({ name: 'rolling', last: ['10s', '1m'] })
    .mapValues((counts) => counts.join(','))
    .coalesce()
    .to(output, { name: 'rolling-out', value: stringSerde });
  return builder.build();
}
