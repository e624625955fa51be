// Every operator against a naive oracle, over random orders, lateness, partitions, crashes, aborts, lost
// answers and rebalances: what is committed is what the oracle says,
// record by record, as if nothing had happened.
//
// STREAMS_SEEDS=10000 tries 10,000 seeds; a failure prints its seed, and STREAMS_SEED=… tries that one alone.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { hopping, tumbling } from '../dsl/windows.ts';
import { jsonSerde, stringSerde } from '../api/serde.ts';
import {
  byPartition,
  committedTo,
  histories,
  inputsOf,
  play,
  type History,
  type Input,
  type Out,
} from '../testing-support/faults.ts';
import { checkProperty } from '@activity/kafka/testing';
import type { Topology } from '../topology/topology.ts';

const strings = { key: stringSerde, value: stringSerde };
const json = { key: stringSerde, value: jsonSerde<unknown>() };
const word: fc.Arbitrary<string> = fc.constantFrom('x', 'y', 'z', 'ß');
const minute = 60_000;

/** Outputs lie in the partition of what they were made of, so that their order can be compared. */
const besideItsSource = {
  partitioner: (_record: unknown, _count: number, source: number): number => source,
};

function build(declare: (builder: StreamsBuilder) => void): Topology {
  const builder = new StreamsBuilder();
  declare(builder);
  return builder.build();
}

/** What an oracle says of one partition: outputs by topic. */
type Expected = Record<string, Out<unknown>[]>;

/**
 * Checks that a topology commits, partition by partition, what the oracle makes of the partition's records.
 */
function expectExactly<V extends string | undefined>(
  topology: Topology,
  history: History<V>,
  oracle: (records: readonly Input<V>[]) => Expected,
): void {
  const driver = play<string>(topology, history, strings);
  const expected = byPartition(history).map(oracle);
  const topics = new Set(expected.flatMap((outputs) => Object.keys(outputs)));
  for (const topic of topics) {
    expect(committedTo(driver, topic, history, json), `topic ${topic}`).toEqual(
      expected.map((outputs) => outputs[topic] ?? []),
    );
  }
}

/** A fold by key that puts out each new result, with the highest time that went into it. */
function foldByKey<A>(
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

describe('repartitioning', () => {
  /** By key, the values that were committed, over all partitions. */
  function valuesByKey(outputs: readonly Out<unknown>[][]): Map<string, unknown[]> {
    const values = new Map<string, unknown[]>();
    for (const [key, value] of outputs.flat()) values.set(key, [...(values.get(key) ?? []), value]);
    return values;
  }

  function countsOf(keys: readonly string[]): Map<string, number> {
    const counts = new Map<string, number>();
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
    return counts;
  }

  /** One, two, three …: each count once and in order, wherever the records came from. */
  function expectCountedOnce(outputs: readonly Out<unknown>[][], counts: ReadonlyMap<string, number>): void {
    const expected = [...counts].map(
      ([key, n]) => [key, Array.from({ length: n }, (_, i) => i + 1)] as const,
    );
    expect(valuesByKey(outputs)).toEqual(new Map(expected));
  }

  test('groupBy counts records of all partitions once', () => {
    const topology = build((builder) =>
      builder
        .stream('in', strings)
        .groupBy((_key, value) => value, strings)
        .count()
        .toStream()
        .to('out'),
    );
    checkProperty(
      fc.property(histories({ value: word }), (history) => {
        const driver = play<string>(topology, history, strings);
        const counts = countsOf(inputsOf(history).map(({ value }) => value));
        expectCountedOnce(committedTo(driver, 'out', history, json), counts);
      }),
    );
  });

  test('two topics merged, sent on, fanned out and counted again', () => {
    const topology = build((builder) => {
      const merged = builder.stream('in', strings).merge(builder.stream('more', strings));
      merged.groupByKey().count().toStream().to('by-key');
      merged
        .flatMap((key, value) => [[value, key] as const, [key + value, value] as const], strings)
        .repartition()
        .groupByKey()
        .count()
        .toStream()
        .to('fanned-out');
    });
    checkProperty(
      fc.property(histories({ value: word, topics: ['in', 'more'] }), (history) => {
        const driver = play<string>(topology, history, strings);
        const inputs = inputsOf(history);
        expectCountedOnce(
          committedTo(driver, 'by-key', history, json),
          countsOf(inputs.map(({ key }) => key)),
        );
        expectCountedOnce(
          committedTo(driver, 'fanned-out', history, json),
          countsOf(inputs.flatMap(({ key, value }) => [value, key + value])),
        );
      }),
    );
  });

  test('the order of a key’s records is kept', () => {
    const topology = build((builder) =>
      builder
        .stream('in', strings)
        .selectKey((key) => `${key}!`, { key: stringSerde })
        .groupByKey()
        .reduce((old, value) => old + value)
        .toStream()
        .to('out', { value: jsonSerde() }),
    );
    checkProperty(
      fc.property(histories({ value: word }), (history) => {
        const driver = play<string>(topology, history, strings);
        const texts = new Map<string, string[]>();
        for (const { key, value } of inputsOf(history)) {
          const before = texts.get(`${key}!`) ?? [];
          texts.set(`${key}!`, [...before, (before.at(-1) ?? '') + value]);
        }
        expect(valuesByKey(committedTo(driver, 'out', history, json))).toEqual(texts);
      }),
    );
  });
});

describe('tables', () => {
  const row: fc.Arbitrary<string | undefined> = fc.option(word, { nil: undefined, freq: 4 });
  test('groupBy and count: each group’s count is that of the rows in it now, in order', () => {
    const topology = build((builder) =>
      builder
        .table('in', strings)
        .groupBy((key, value) => [value, key], strings)
        .count()
        .toStream()
        .to('out', besideItsSource),
    );
    checkProperty(
      fc.property(histories({ value: row, maxPartitions: 1 }), (history) => {
        expectExactly(topology, history, (records) => {
          const table = new Map<string, string>();
          const counts = new Map<string, { n: number; timestamp: number }>();
          const out: Out<number>[] = [];
          const add = (group: string, n: number, timestamp: number): void => {
            const old = counts.get(group);
            const result = { n: (old?.n ?? 0) + n, timestamp: Math.max(old?.timestamp ?? 0, timestamp) };
            counts.set(group, result);
            out.push([group, result.n, result.timestamp]);
          };
          for (const { key, value, timestamp } of records) {
            const old = table.get(key);
            if (value === undefined) table.delete(key);
            else table.set(key, value);
            if (old !== undefined && old === value) add(value, 0, timestamp);
            else {
              if (old !== undefined) add(old, -1, timestamp);
              if (value !== undefined) add(value, 1, timestamp);
            }
          }
          return { out };
        });
      }),
    );
  });

  test('groupBy and aggregate over partitions: in the end each group holds its rows', () => {
    const topology = build((builder) =>
      builder
        .table('in', strings)
        .filter((value) => value !== 'z')
        .groupBy((key, value) => [value, key], strings)
        .aggregate<string[]>(
          () => [],
          (_group, key, members) => [...members, key].toSorted(),
          (_group, key, members) => members.filter((member) => member !== key),
          { value: jsonSerde() },
        )
        .toStream()
        .to('out'),
    );
    checkProperty(
      fc.property(histories({ value: row }), (history) => {
        const driver = play<string>(topology, history, strings);
        const table = new Map(inputsOf(history).map(({ key, value }) => [key, value]));
        const newest = new Map(
          committedTo(driver, 'out', history, json)
            .flat()
            .map(([group, members]) => [group, members]),
        );
        for (const [group, members] of newest) {
          const expected = [...table].filter(([, value]) => value === group).map(([key]) => key);
          expect(members, `group ${group}`).toEqual(expected.toSorted());
        }
        const groups = new Set([...table.values()].filter((value) => value !== undefined && value !== 'z'));
        expect([...groups].filter((group) => !newest.has(group ?? ''))).toEqual([]);
      }),
    );
  });
});

describe('a process of one’s own', () => {
  test('with a store, forwards what its state says', () => {
    const topology = build((builder) => {
      const store = builder.addStore({
        name: 'last',
        kind: 'keyValue',
        key: stringSerde,
        value: stringSerde,
      });
      builder
        .stream('in', strings)
        .processValues<string>(
          () => {
            let handle: (key: string, value: string, timestamp: number) => void;
            return {
              init(context) {
                const last = context.keyValueStore<string, string>('last');
                handle = (key, value, timestamp) => {
                  const before = last.get(key) ?? 'nothing';
                  if (value === 'x') last.delete(key);
                  else last.put(key, value, timestamp);
                  const neighbours = [...last.all()].map(([name]) => name).join(',');
                  context.forward({
                    key,
                    value: `${before}>${value} (${neighbours})`,
                    timestamp,
                    headers: [],
                  });
                };
              },
              process: ({ key, value, timestamp }) => handle(key, value, timestamp),
            };
          },
          { stores: [store], value: jsonSerde() },
        )
        .to('out', besideItsSource);
    });
    checkProperty(
      fc.property(histories({ value: word }), (history) => {
        expectExactly(topology, history, (records) => {
          const last = new Map<string, string>();
          return {
            out: records.map(({ key, value, timestamp }) => {
              const before = last.get(key) ?? 'nothing';
              if (value === 'x') last.delete(key);
              else last.set(key, value);
              const names = [...last.keys()].toSorted((a, b) =>
                Buffer.compare(Buffer.from(a), Buffer.from(b)),
              );
              return [key, `${before}>${value} (${names.join(',')})`, timestamp];
            }),
          };
        });
      }),
    );
  });
});
