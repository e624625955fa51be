// The topology that the tests with real processes await in: each record of a key waits for a call, and the
// results are counted by key.
import { setTimeout as sleep } from 'node:timers/promises';
import { numberSerde, stringSerde } from '../api/serde.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import type { Topology } from '../topology/topology.ts';

/** What the topology can be told. */
export interface AsyncTopologyOptions {
  topics: { input: string; results: string; counts: string };
  /** How long a call takes, in milliseconds. */
  callMs: number;
  maxInFlight: number;
  /** How many calls of a thousand fail at their first attempt. */
  failing?: number;
}

/** Builds the topology. */
export default function asyncTopology({
  topics,
  callMs,
  maxInFlight,
  failing = 0,
}: AsyncTopologyOptions): Topology {
  const strings = { key: stringSerde, value: stringSerde };
  const builder = new StreamsBuilder();
  const results = builder.stream(topics.input, strings).mapValuesAsync(
    async (value, _key, { attempt }) => {
      await sleep(callMs);
      if (attempt === 1 && Number(value) % 1_000 < failing) throw new Error('not now');
      return `${value}!`;
    },
    { value: stringSerde, maxInFlight, backoff: { from: 10, to: 50 } },
  );
  results.to(topics.results);
  results.groupByKey().count().toStream().to(topics.counts, { value: numberSerde });
  return builder.build();
}
