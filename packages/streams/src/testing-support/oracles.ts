// What tests of topologies against oracles share: random words, a topology played through a history,
// folds by key.
import * as fc from 'fast-check';
import { expect } from 'vitest';
import { jsonSerde, stringSerde, type Serde } from '../api/serde.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import type { Topology } from '../topology/topology.ts';
import { byPartition, committedTo, playHistory, type History, type Input, type Out } from './faults.ts';

/** Serdes of text. */
export const strings: { key: Serde<string>; value: Serde<string> } = { key: stringSerde, value: stringSerde };
/** Keys as text, values as JSON. */
export const json: { key: Serde<string>; value: Serde<unknown> } = {
  key: stringSerde,
  value: jsonSerde<unknown>(),
};
/** A key or a value. */
export const word: fc.Arbitrary<string> = fc.constantFrom('x', 'y', 'z', 'ß');
/** In milliseconds. */
export const minute = 60_000;

/** Outputs lie in the partition of what they were made of, so that their order can be compared. */
export const besideItsSource = {
  partitioner: (_record: unknown, _count: number, source: number): number => source,
};

/** Builds a topology. */
export function build(declare: (builder: StreamsBuilder) => void): Topology {
  const builder = new StreamsBuilder();
  declare(builder);
  return builder.build();
}

/** What an oracle says of one partition: outputs by topic. */
export type Expected = Record<string, Out<unknown>[]>;

/**
 * Checks that a topology commits, partition by partition, what the oracle makes of the partition's records.
 */
export function expectExactly<V extends string | undefined>(
  topology: Topology,
  history: History<V>,
  oracle: (records: readonly Input<V>[]) => Expected,
): void {
  const driver = playHistory<string>(topology, history, strings);
  const expected = byPartition(history).map(oracle);
  const topics = new Set(expected.flatMap((outputs) => Object.keys(outputs)));
  for (const topic of topics) {
    expect(committedTo(driver, topic, history, json), `topic ${topic}`).toEqual(
      expected.map((outputs) => outputs[topic] ?? []),
    );
  }
}

/** A fold by key that puts out each new result, with the highest time that went into it. */
export function foldByKey<A>(
  records: readonly Input<string>[],
  step: (old: A | undefined, record: Input<string>) => A,
): Out<A>[] {
  const results = new Map<string, { value: A; timestamp: number }>();
  return records.map((record) => {
    const old = results.get(record.key);
    const result = {
      value: step(old?.value, record),
      timestamp: Math.max(old?.timestamp ?? 0, record.timestamp),
    };
    results.set(record.key, result);
    return [record.key, result.value, result.timestamp];
  });
}
