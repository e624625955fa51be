// As exactly-once.test.ts: joins against naive oracles. Both streams come from one topic, so that the order
// of their records is the same however often they are read.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkProperty } from '@activity/kafka/testing';
import { jsonSerde } from '../api/serde.ts';
import { joinWindows } from '../dsl/join-windows.ts';
import { play } from '../testing/play.ts';
import { TopologyTestDriver } from '../testing/topology-test-driver.ts';
import {
  committedTo,
  histories,
  inputsOf,
  playHistory,
  type Input,
  type Out,
} from '../testing-support/faults.ts';
import { plus } from '../testing-support/join-cases.ts';
import { joinOracle } from '../testing-support/join-oracle.ts';
import { besideItsSource, build, expectExactly, json, minute, strings } from '../testing-support/oracles.ts';
import type { StreamsBuilder } from '../dsl/streams-builder.ts';
import type { KTable } from '../dsl/table.ts';
import type { Topology } from '../topology/topology.ts';
import type { JoinWindows } from './stream-join.ts';

const out = { value: jsonSerde<string>(), ...besideItsSource };
interface Row {
  value: string;
  time: number;
}

const letter: fc.Arbitrary<string> = fc.constantFrom('a', 'b', 'c', 'x', 'y', 'z');

describe('streams', () => {
  type Kind = 'inner' | 'left' | 'outer';

  /** Letters up to `m` are of the left stream. */
  function topologyOf(kind: Kind, windows: JoinWindows): Topology {
    return build((builder) => {
      const stream = builder.stream('in', strings);
      const left = stream.filter((value) => value < 'm');
      const right = stream.filterNot((value) => value < 'm');
      if (kind === 'inner') left.join(right, plus, windows).to('out', out);
      else if (kind === 'left') left.leftJoin(right, plus, windows).to('out', out);
      else left.outerJoin(right, plus, windows).to('out', out);
    });
  }

  const windowsOf: fc.Arbitrary<JoinWindows> = fc.constantFrom(
    joinWindows({ within: minute, grace: 0 }),
    joinWindows({ within: '3m', grace: '2m' }),
    joinWindows({ before: 0, after: '10m', grace: '1m' }),
    joinWindows({ before: '5m', after: -minute, grace: '1m' }),
  );

  test.each<[Kind]>([['inner'], ['left'], ['outer']])('%s join', (kind) => {
    checkProperty(
      fc.property(histories({ value: letter }), windowsOf, (history, windows) => {
        const sideOf = (value: string): 'left' | 'right' => (value < 'm' ? 'left' : 'right');
        expectExactly(topologyOf(kind, windows), history, (records) => ({
          out: joinOracle(records, { kind, windows, sideOf }),
        }));
      }),
    );
  });

  test('self join', () => {
    checkProperty(
      fc.property(histories({ value: letter }), windowsOf, (history, windows) => {
        const topology = build((builder) => {
          const stream = builder.stream('in', strings);
          stream.join(stream, plus, windows).to('out', out);
        });
        expectExactly(topology, history, (records) => {
          const both = records.flatMap((record) => [
            { ...record, value: `<${record.value}` },
            { ...record, value: `>${record.value}` },
          ]);
          const sideOf = (value: string): 'left' | 'right' => (value.startsWith('<') ? 'left' : 'right');
          const joined = joinOracle(both, { kind: 'inner', windows, sideOf });
          return { out: joined.map(([key, value, time]) => [key, value?.replaceAll(/[<>]/g, ''), time]) };
        });
      }),
    );
  });
});

describe('tables', () => {
  /** The newest value of each key, of letters up to `m` and of those behind it. */
  function sidesOf(builder: StreamsBuilder): { left: KTable<string, string>; right: KTable<string, string> } {
    const stream = builder.stream('in', strings);
    const newest = (_old: string, value: string): string => value;
    return {
      left: stream
        .filter((value) => value < 'm')
        .groupByKey()
        .reduce(newest),
      right: stream
        .filterNot((value) => value < 'm')
        .groupByKey()
        .reduce(newest),
    };
  }

  test('stream and table: each record meets the row of its time', () => {
    const topology = build((builder) => {
      const stream = builder.stream('in', strings);
      const table = stream
        .filterNot((value) => value < 'm')
        .groupByKey()
        .reduce((_old, value) => value);
      stream
        .filter((value) => value < 'm')
        .leftJoin(table, plus)
        .to('out', out);
    });
    checkProperty(
      fc.property(histories({ value: letter }), (history) => {
        expectExactly(topology, history, (records) => {
          const rows = new Map<string, string>();
          return {
            out: records.flatMap(({ key, value, timestamp }): Out<string>[] => {
              if (value < 'm') return [[key, plus(value, rows.get(key)), timestamp]];
              rows.set(key, value);
              return [];
            }),
          };
        });
      }),
    );
  });

  test.each<['inner' | 'left' | 'outer']>([['inner'], ['left'], ['outer']])('%s join of two', (kind) => {
    const topology = build((builder) => {
      const { left, right } = sidesOf(builder);
      const joins = {
        inner: () => left.join(right, plus),
        left: () => left.leftJoin(right, plus),
        outer: () => left.outerJoin(right, plus),
      };
      joins[kind]().toStream().to('out', out);
    });
    checkProperty(
      fc.property(histories({ value: letter }), (history) => {
        expectExactly(topology, history, (records) => {
          const tables = { left: new Map<string, Row>(), right: new Map<string, Row>() };
          return {
            out: records.flatMap(({ key, value, timestamp }): Out<string>[] => {
              const rows = value < 'm' ? tables.left : tables.right;
              rows.set(key, { value, time: Math.max(timestamp, rows.get(key)?.time ?? 0) });
              const [left, right] = [tables.left.get(key), tables.right.get(key)];
              if (kind !== 'outer' && !left) return [];
              if (kind === 'inner' && !right) return [];
              return [[key, plus(left?.value, right?.value), Math.max(left?.time ?? 0, right?.time ?? 0)]];
            }),
          };
        });
      }),
    );
  });

  test('outer join of two topics with tombstones: in the end each key has the rows of both', () => {
    const topology = build((builder) =>
      builder.table('a', strings).outerJoin(builder.table('b', strings), plus).toStream().to('out', out),
    );
    const row = fc.option(letter, { nil: undefined, freq: 3 });
    checkProperty(
      fc.property(histories({ value: row, topics: ['a', 'b'] }), (history) => {
        const driver = playHistory<string>(topology, history, strings);
        const last = new Map(
          committedTo(driver, 'out', history, json)
            .flat()
            .map(([key, value]) => [key, value]),
        );
        const [a, b] = ['a', 'b'].map(
          (topic) =>
            new Map(
              inputsOf(history)
                .filter((one) => one.topic === topic)
                .map(({ key, value }) => [key, value]),
            ),
        );
        for (const key of new Set([...(a?.keys() ?? []), ...(b?.keys() ?? [])])) {
          const [left, right] = [a?.get(key), b?.get(key)];
          const isThere = left !== undefined || right !== undefined;
          expect(last.get(key), `key ${key}`).toEqual(isThere ? plus(left, right) : undefined);
        }
      }),
    );
  });
});

describe('a versioned table that is there before the stream', () => {
  const rows: fc.Arbitrary<{ key: string; value: string | undefined; time: number }[]> = fc.uniqueArray(
    fc.record({
      key: fc.constantFrom('a', 'b'),
      value: fc.option(letter, { nil: undefined, freq: 4 }),
      time: fc.nat(1_800_000),
    }),
    { selector: ({ key, time }) => `${key}${time}`, maxLength: 12 },
  );

  test('each record meets the row of its time, once its grace is over, and what is later waits', () => {
    const historyMs = 120 * minute;
    const graceMs = 3 * minute;
    const topology = build((builder) => {
      const table = builder.table('rows', strings, { historyRetention: historyMs });
      builder.stream('in', strings).leftJoin(table, plus, { grace: graceMs }).to('out', out);
    });
    checkProperty(
      fc.property(
        rows,
        histories({ value: letter, keys: ['a', 'b'], maxPartitions: 1 }),
        (versions, history) => {
          const driver = new TopologyTestDriver(topology, { commits: 'manual' });
          const table = driver.input('rows', strings);
          // One by one: a task takes what it has in the order of time.
          for (const { key, value, time } of versions) {
            table.pipe(key, value, time);
            driver.commit();
          }
          play(driver, history.events, ({ topic, key, value, timestamp }) =>
            driver.input(topic, strings).pipe(key, value, timestamp),
          );
          const joined = ({ key, value, timestamp }: Input<string>): Out<string> => {
            const earlier = versions.filter((one) => one.key === key && one.time <= timestamp);
            const row = earlier.toSorted((a, b) => b.time - a.time)[0];
            return [key, plus(value, row?.value), timestamp];
          };
          let waiting: Input<string>[] = [];
          let observed = -1;
          const expected: Out<string>[] = [];
          for (const record of inputsOf(history)) {
            if (record.timestamp < observed - graceMs) {
              expected.push(joined(record));
              continue;
            }
            observed = Math.max(observed, record.timestamp);
            const isDue = ({ timestamp }: Input<string>): boolean => timestamp <= observed - graceMs;
            waiting.push(record);
            const due = waiting
              .filter(isDue)
              .toSorted((a, b) => a.timestamp - b.timestamp || (a.key < b.key ? -1 : Number(a.key > b.key)));
            waiting = waiting.filter((one) => !isDue(one));
            expected.push(...due.map(joined));
          }
          expect(committedTo(driver, 'out', history, json)).toEqual([expected]);
        },
      ),
    );
  });
});
