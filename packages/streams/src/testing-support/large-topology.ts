// A topology for large records: each is kept as the newest of its key, and copied.
import { stringSerde } from '../api/serde.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import type { Topology } from '../topology/topology.ts';
import type { CountsOptions } from './counts-topology.ts';

const strings = { key: stringSerde, value: stringSerde };

/** Builds the topology. */
export default function largeTopology({ topics }: CountsOptions): Topology {
  const builder = new StreamsBuilder();
  builder
    .stream(topics.input, strings)
    .groupByKey()
    .reduce((_old, newest) => newest, { store: 'newest' })
    .toStream()
    .to(topics.copies);
  return builder.build();
}
