// The restart benchmark's topology: a count for each key, over very many keys.
import { numberSerde, StreamsBuilder, stringSerde, type Topology } from '@activity/streams';

/** Counts the records of each key; each commit brings the counts that changed. */
export default function job({ input, output }: { input: string; output: string }): Topology {
  const builder = new StreamsBuilder();
  builder
    .stream(input, { key: stringSerde, value: stringSerde })
    .groupByKey()
    .count({ store: 'counts', emit: 'commit' })
    .toStream()
    .to(output, { key: stringSerde, value: numberSerde });
  return builder.build();
}
