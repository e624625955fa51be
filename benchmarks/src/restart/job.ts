// The restart benchmark's topologies, over very many keys: a count for each,
// and a dedupe that remembers each.
import { numberSerde, StreamsBuilder, stringSerde, type Topology } from '@activity/streams';

/** What is kept of each key. */
export type Kind = 'counts' | 'ids';

/**
 * Counts the records of each key, each commit bringing the counts that changed;
 * or drops what it has seen before.
 */
export default function job({
  kind,
  input,
  output,
}: {
  kind: Kind;
  input: string;
  output: string;
}): Topology {
  const builder = new StreamsBuilder();
  const records = builder.stream(input, { key: stringSerde, value: stringSerde });
  if (kind === 'ids') {
    records.dedupe({ by: (value) => value, within: '24h' }).to(output);
  } else {
    records
      .groupByKey()
      .count({ store: 'counts', emit: 'commit' })
      .toStream()
      .to(output, { key: stringSerde, value: numberSerde });
  }
  return builder.build();
}
