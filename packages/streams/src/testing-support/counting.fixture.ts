// A topology module that counts by key: for tests with worker threads.
import { stringSerde } from '../api/serde.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import type { Topology } from '../topology/topology.ts';

/** The topics of {@link countingTopology}. */
export interface CountingTopics {
  input: string;
  output: string;
}

/** Counts the records of each key. */
export default function countingTopology({ input, output }: CountingTopics): Topology {
  const builder = new StreamsBuilder();
  builder
    .stream(input, { key: stringSerde, value: stringSerde })
    .groupByKey()
    .count({ store: 'counts' })
    .toStream()
    .to(output);
  return builder.build();
}
