// Every operator against a naive oracle, over random orders, lateness, partitions, crashes, aborts, lost
// answers and rebalances: what is committed is what the oracle says,
// record by record, as if nothing had happened.
//
// STREAMS_SEEDS=10000 tries 10,000 seeds; a failure prints its seed, and STREAMS_SEED=… tries that one alone.
import * as fc from 'fast-check';
import { describe, test } from 'vitest';
import { hopping, tumbling } from '../dsl/windows.ts';
import { jsonSerde, stringSerde } from '../api/serde.ts';
import { histories, type Input, type Out } from '../testing-support/faults.ts';
import {
  besideItsSource,
  build,
  expectExactly,
  foldByKey,
  minute,
  strings,
  type Expected,
  word,
} from '../testing-support/oracles.ts';
import { checkProperty } from '@activity/kafka/testing';
import { type Topology } from '../topology/topology.ts';

describe('aggregates', () => {
  test('count', () => {
    const topology = build((builder) =>
      builder.stream('in', strings).groupByKey().count().toStream().to('out', besideItsSource),
    );
    checkProperty(
      fc.property(histories({ value: word }), (history) => {
        expectExactly(topology, history, (records) => ({
          out: foldByKey<number>(records, (n) => (n ?? 0) + 1),
        }));
      }),
    );
  });

  test('reduce, whose result shows the order', () => {
    const topology = build((builder) =>
      builder
        .stream('in', strings)
        .groupByKey()
        .reduce((old, value) => old + value)
        .toStream()
        .to('out', { value: jsonSerde(), ...besideItsSource }),
    );
    checkProperty(
      fc.property(histories({ value: word }), (history) => {
        expectExactly(topology, history, (records) => ({
          out: foldByKey<string>(records, (old, { value }) => (old ?? '') + value),
        }));
      }),
    );
  });

  test('aggregate, with a value that the adder changes in place', () => {
    const topology = build((builder) =>
      builder
        .stream('in', strings)
        .groupByKey()
        .aggregate<{ seen: string[] }>(
          () => ({ seen: [] }),
          (_key, value, all) => {
            all.seen.push(value);
            return all;
          },
          { value: jsonSerde() },
        )
        .toStream()
        .to('out', besideItsSource),
    );
    checkProperty(
      fc.property(histories({ value: word }), (history) => {
        expectExactly(topology, history, (records) => ({
          out: foldByKey<{ seen: string[] }>(records, (old, { value }) => ({
            seen: [...(old?.seen ?? []), value],
          })),
        }));
      }),
    );
  });

  test('two aggregates of one stream, one after a filter', () => {
    const topology = build((builder) => {
      const stream = builder.stream('in', strings);
      stream.groupByKey().count().toStream().to('all', besideItsSource);
      const some = stream
        .filter((value) => value !== 'x')
        .mapValues((value) => `${value}!`, { value: stringSerde });
      some
        .groupByKey()
        .reduce((old, value) => old + value)
        .toStream()
        .to('some', { value: jsonSerde(), ...besideItsSource });
    });
    checkProperty(
      fc.property(histories({ value: word }), (history) => {
        expectExactly(topology, history, (records) => ({
          all: foldByKey<number>(records, (n) => (n ?? 0) + 1),
          some: foldByKey<string>(
            records.filter(({ value }) => value !== 'x'),
            (old, { value }) => `${old ?? ''}${value}!`,
          ),
        }));
      }),
    );
  });
});

describe('windows', () => {
  interface Shape {
    size: number;
    advance: number;
    grace: number;
  }

  /** Every window in turn; a record is late when each of its windows ended a grace ago or more. */
  function windowOracle(records: readonly Input<string>[], { size, advance, grace }: Shape): Expected {
    const texts = new Map<string, { text: string; timestamp: number }>();
    const out: Out<string>[] = [];
    const late: Out<string>[] = [];
    let streamTime = 0;
    for (const { key, value, timestamp } of records) {
      streamTime = Math.max(streamTime, timestamp);
      let taken = false;
      for (let start = 0; start <= timestamp; start += advance) {
        const end = start + size;
        if (timestamp >= end || streamTime >= end + grace) continue;
        taken = true;
        const name = `${key}@${start}`;
        const old = texts.get(name);
        const text = (old?.text ?? '') + value;
        const newest = Math.max(old?.timestamp ?? 0, timestamp);
        texts.set(name, { text, timestamp: newest });
        out.push([name, text, newest]);
      }
      if (!taken) late.push([key, value, timestamp]);
    }
    return { out, late };
  }

  function windowTopology({ size, advance, grace }: Shape): Topology {
    const windows = size === advance ? tumbling({ size, grace }) : hopping({ size, advance, grace });
    return build((builder) =>
      builder
        .stream('in', strings)
        .groupByKey()
        .windowedBy(windows)
        .reduce((old, value) => old + value, {
          onLate: (late) => late.to('late', { value: jsonSerde(), ...besideItsSource }),
        })
        .toStream()
        .to('out', { value: jsonSerde(), ...besideItsSource }),
    );
  }

  const grace: fc.Arbitrary<number> = fc.constantFrom(0, 1, 1000, minute, 7 * minute);

  test('tumbling, with grace and the late ones apart', () => {
    const size: fc.Arbitrary<number> = fc.constantFrom(1000, minute, 5 * minute, 12 * minute + 1);
    checkProperty(
      fc.property(histories({ value: word }), size, grace, (history, span, late) => {
        const shape = { size: span, advance: span, grace: late };
        expectExactly(windowTopology(shape), history, (records) => windowOracle(records, shape));
      }),
    );
  });

  test('hopping, with grace and the late ones apart', () => {
    const spans: fc.Arbitrary<[size: number, advance: number]> = fc.constantFrom<[number, number]>(
      [5 * minute, minute],
      [3 * minute, 2 * minute],
      [10 * minute, 3 * minute + 7],
      [90_000, 30_000],
    );
    checkProperty(
      fc.property(histories({ value: word }), spans, grace, (history, [size, advance], late) => {
        const shape = { size, advance, grace: late };
        expectExactly(windowTopology(shape), history, (records) => windowOracle(records, shape));
      }),
    );
  });
});

describe('dedupe', () => {
  test('the horizon runs in stream time from first sight; duplicates come out apart', () => {
    const within: fc.Arbitrary<number> = fc.constantFrom(0, 1000, minute, 3 * minute, 20 * minute);
    checkProperty(
      fc.property(histories({ value: word }), within, (history, horizon) => {
        const topology = build((builder) =>
          builder
            .stream('in', strings)
            .dedupe({
              by: (value) => value,
              within: horizon,
              onDuplicate: (duplicates) =>
                duplicates
                  .mapValues(({ value, firstOffset }) => [value, firstOffset], { value: jsonSerde() })
                  .to('duplicates', besideItsSource),
            })
            .to('out', { value: jsonSerde(), ...besideItsSource }),
        );
        expectExactly(topology, history, (records) => {
          const out: Out<unknown>[] = [];
          const duplicates: Out<unknown>[] = [];
          const seen = new Map<string, { offset: number; at: number }>();
          let streamTime = 0;
          for (const [offset, { key, value, timestamp }] of records.entries()) {
            streamTime = Math.max(streamTime, timestamp);
            const id = JSON.stringify([key, value]);
            const first = seen.get(id);
            if (first && streamTime - first.at <= horizon) {
              duplicates.push([key, [value, first.offset], timestamp]);
            } else {
              seen.set(id, { offset, at: streamTime });
              out.push([key, value, timestamp]);
            }
          }
          return { out, duplicates };
        });
      }),
    );
  });

  test('before a count: nobody is counted twice', () => {
    const topology = build((builder) =>
      builder
        .stream('in', strings)
        .dedupe({ by: (value) => value, within: '1h' })
        .groupByKey()
        .count()
        .toStream()
        .to('out', besideItsSource),
    );
    checkProperty(
      fc.property(histories({ value: fc.nat(9).map(String) }), (history) => {
        expectExactly(topology, history, (records) => {
          const seen = new Set<string>();
          const firsts = records.filter(({ key, value }) => {
            const id = JSON.stringify([key, value]);
            return !seen.has(id) && seen.add(id);
          });
          return { out: foldByKey<number>(firsts, (n) => (n ?? 0) + 1) };
        });
      }),
    );
  });
});
