// As exactly-once.test.ts: sliding windows, and windows whose results come out when they close.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkProperty } from '@activity/kafka/testing';
import { jsonSerde } from '../api/serde.ts';
import { sessions, sliding, tumbling } from '../dsl/windows.ts';
import {
  byPartition,
  committedTo,
  histories,
  playHistory,
  type Input,
  type Out,
} from '../testing-support/faults.ts';
import { besideItsSource, build, json, minute, strings, word } from '../testing-support/oracles.ts';
import type { Topology } from '../topology/topology.ts';

/**
 * What each record of a partition puts out, in no order: every window that it changes or makes. A window's
 * text is all of the key's records in it, in the order in which they came.
 */
function slidingOracle(records: readonly Input<string>[], size: number): Out<string>[][] {
  const before = new Map<string, string>();
  return records.map((record, n) => {
    const own = records.slice(0, n + 1).filter(({ key }) => key === record.key);
    const within = (start: number): Input<string>[] =>
      own.filter(({ timestamp }) => timestamp >= start && timestamp <= start + size);
    const starts = new Set<number>();
    for (const { timestamp } of own) {
      starts.add(Math.max(0, timestamp - size));
      if (within(timestamp + 1).length > 0) starts.add(timestamp + 1);
    }
    const out: Out<string>[] = [];
    for (const start of starts) {
      const inside = within(start);
      const name = `${record.key}@${start}`;
      const text = inside.map(({ value }) => value).join('');
      if (before.get(name) === text) continue;
      before.set(name, text);
      out.push([name, text, Math.max(...inside.map(({ timestamp }) => timestamp))]);
    }
    return out;
  });
}

function concatenated(size: number, grace: number): Topology {
  return build((builder) =>
    builder
      .stream('in', strings)
      .groupByKey()
      .windowedBy(sliding({ timeDifference: size, grace }))
      .reduce((old, value) => old + value, {
        onLate: (late) => late.to('late', { value: jsonSerde(), ...besideItsSource }),
      })
      .toStream()
      .to('out', { value: jsonSerde(), ...besideItsSource }),
  );
}

const sorted = (some: readonly Out<unknown>[]): Out<unknown>[] =>
  some.toSorted(([a], [b]) => (a < b ? -1 : 1));

describe('sliding windows', () => {
  function expectSliding(history: Parameters<typeof byPartition<string>>[0], size: number): void {
    const driver = playHistory<string>(concatenated(size, 60 * minute), history, strings);
    const committed = committedTo(driver, 'out', history, json);
    for (const [partition, records] of byPartition(history).entries()) {
      // As Kafka Streams, it may give a new window twice: where that ends with the record and begins just
      // after another one. Texts only grow.
      const given = new Map((committed[partition] ?? []).map((one) => [`${one[0]} ${String(one[1])}`, one]));
      let rest = [...given.values()];
      for (const step of slidingOracle(records, size)) {
        expect(sorted(rest.slice(0, step.length))).toEqual(sorted(step));
        rest = rest.slice(step.length);
      }
      expect(rest).toEqual([]);
    }
  }

  test('hold what is within the time difference, where nothing is late', () => {
    const size = fc.constantFrom(1, 1000, minute, 5 * minute);
    checkProperty(fc.property(histories({ value: word }), size, (history, of) => expectSliding(history, of)));
  });

  test('of records close to each other, near the epoch too', () => {
    const timestamp = fc.nat(60);
    checkProperty(
      fc.property(
        histories({ value: word, timestamp, keys: ['a', 'b'] }),
        fc.integer({ min: 1, max: 25 }),
        (history, size) => expectSliding(history, size),
      ),
    );
  });
});

/** Everything that is committed is what it is without faults, late records and the order included. */
function expectUndisturbed(topology: Topology, history: Parameters<typeof byPartition<string>>[0]): void {
  const calm = { ...history, events: history.events.filter((event) => typeof event !== 'string') };
  const [disturbed, expected] = [history, calm].map((one) => {
    const driver = playHistory<string>(topology, one, strings);
    return ['out', 'late'].map((topic) => {
      driver.log.create(topic, history.partitions);
      return committedTo(driver, topic, history, json);
    });
  });
  expect(disturbed).toEqual(expected);
}

describe('whatever happens to the process', () => {
  const close = { timestamp: fc.nat(90), keys: ['a', 'b'] };
  const grace = fc.nat(30);
  const size = fc.integer({ min: 1, max: 20 });

  const out = { value: jsonSerde<never>(), ...besideItsSource };

  test('sliding windows decide alike what is late', () => {
    checkProperty(
      fc.property(histories({ value: word, ...close }), size, grace, (history, of, late) =>
        expectUndisturbed(concatenated(of, late), history),
      ),
    );
  });

  test('windows give their results once, when they close', () => {
    checkProperty(
      fc.property(histories({ value: word, ...close }), size, grace, (history, of, late) => {
        const topology = build((builder) => {
          const grouped = builder.stream('in', strings).groupByKey();
          grouped
            .windowedBy(tumbling({ size: of, grace: late }))
            .emitStrategy('onWindowClose')
            .reduce((old, value) => old + value, { onLate: (some) => some.to('late', out) })
            .toStream()
            .to('out', out);
        });
        expectUndisturbed(topology, history);
      }),
    );
  });

  test('sliding windows and sessions give their results once, when they close', () => {
    checkProperty(
      fc.property(histories({ value: word, ...close }), size, grace, (history, of, late) => {
        const topology = build((builder) => {
          const grouped = builder.stream('in', strings).groupByKey();
          const [windows, gaps] = [
            sliding({ timeDifference: of, grace: late }),
            sessions({ gap: of, grace: late }),
          ];
          grouped.windowedBy(windows).emitStrategy('onWindowClose').count().toStream().to('out', out);
          grouped.windowedBy(gaps).emitStrategy('onWindowClose').count().toStream().to('late', out);
        });
        expectUndisturbed(topology, history);
      }),
    );
  });

  test('sessions that close give what each of them had last', () => {
    checkProperty(
      fc.property(
        histories({ value: word, ...close, maxPartitions: 1 }),
        size,
        grace,
        (history, gap, late) => {
          const windows = sessions({ gap, grace: late });
          const topology = build((builder) => {
            const grouped = builder.stream('in', strings).groupByKey().windowedBy(windows);
            grouped.count({ store: 'updates' }).toStream().to('out', out);
            const closed = grouped.emitStrategy('onWindowClose').count({ store: 'closed' });
            closed.toStream().to('late', out);
          });
          const driver = playHistory<string>(topology, history, strings);
          const last = new Map(committedTo(driver, 'out', history, json)[0]?.map((one) => [one[0], one]));
          const newest = Math.max(
            ...byPartition(history)
              .flat()
              .map(({ timestamp }) => timestamp),
          );
          const expected = [...last.values()].filter(
            ([, count, end]) => count !== undefined && end < newest - gap - late,
          );
          expect(sorted(committedTo(driver, 'late', history, json)[0] ?? [])).toEqual(sorted(expected));
        },
      ),
    );
  });
});
