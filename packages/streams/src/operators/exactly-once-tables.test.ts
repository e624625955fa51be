// As exactly-once.test.ts: repartitioned streams, tables and processors of one's own against naive oracles.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonSerde, stringSerde } from '../api/serde.ts';
import { committedTo, histories, inputsOf, playHistory, type Out } from '../testing-support/faults.ts';
import { besideItsSource, build, expectExactly, json, strings, word } from '../testing-support/oracles.ts';
import { checkProperty } from '@activity/kafka/testing';

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
        const driver = playHistory<string>(topology, history, strings);
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
        const driver = playHistory<string>(topology, history, strings);
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
        const driver = playHistory<string>(topology, history, strings);
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
        const driver = playHistory<string>(topology, history, strings);
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
