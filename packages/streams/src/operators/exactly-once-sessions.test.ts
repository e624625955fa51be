// As exactly-once.test.ts: sessions against a list of all sessions there ever were.
import * as fc from 'fast-check';
import { describe, test } from 'vitest';
import { checkProperty } from '@activity/kafka/testing';
import { jsonSerde, stringSerde } from '../api/serde.ts';
import { sessions } from '../dsl/windows.ts';
import { histories, type Input, type Out } from '../testing-support/faults.ts';
import {
  besideItsSource,
  build,
  expectExactly,
  minute,
  strings,
  word,
  type Expected,
} from '../testing-support/oracles.ts';
import type { Topology } from '../topology/topology.ts';

interface Shape {
  gap: number;
  grace: number;
}

interface NaiveSession {
  key: string;
  start: number;
  end: number;
  text: string;
}

/** How values and sessions are joined: so that the order of all that was joined shows. */
const merge = (earlier: string, later: string): string => `(${earlier}|${later})`;

/** All sessions in one list; what ended a gap and a grace before the newest one is not found any more. */
function sessionOracle(records: readonly Input<string>[], { gap, grace }: Shape): Expected {
  let all: NaiveSession[] = [];
  const out: Out<string>[] = [];
  const late: Out<string>[] = [];
  let streamTime = -1;
  let newest = -1;
  for (const { key, value, timestamp } of records) {
    streamTime = Math.max(streamTime, timestamp);
    const isNear = (one: NaiveSession): boolean =>
      one.key === key &&
      one.end >= timestamp - gap &&
      one.start <= timestamp + gap &&
      one.end > newest - gap - grace;
    const near = all.filter(isNear).toSorted((a, b) => a.end - b.end);
    const start = Math.min(timestamp, ...near.map((one) => one.start));
    const end = Math.max(timestamp, ...near.map((one) => one.end));
    if (end < streamTime - gap - grace) {
      late.push([key, value, timestamp]);
      continue;
    }
    if (start < timestamp || end > timestamp)
      for (const one of near) out.push([`${key}@${one.start}/${one.end}`, undefined, one.end]);
    const text = `${near.map((one) => one.text).reduce(merge, '')}${value}`;
    all = [...all.filter((one) => !near.includes(one)), { key, start, end, text }];
    newest = Math.max(newest, end);
    out.push([`${key}@${start}/${end}`, text, end]);
  }
  return { out, late };
}

function sessionTopology({ gap, grace }: Shape, emit: 'update' | 'commit' = 'update'): Topology {
  return build((builder) =>
    builder
      .stream('in', strings)
      .groupByKey()
      .windowedBy(sessions({ gap, grace }))
      .aggregate(
        () => '',
        (_key, value, text) => text + value,
        (_key, earlier, later) => merge(earlier, later),
        {
          value: stringSerde,
          emit,
          onLate: (late) => late.to('late', { value: jsonSerde(), ...besideItsSource }),
        },
      )
      .toStream()
      .to('out', { value: jsonSerde(), ...besideItsSource }),
  );
}

const shapes: fc.Arbitrary<Shape> = fc.record({
  gap: fc.constantFrom(1, 1000, minute, 4 * minute),
  grace: fc.constantFrom(0, 1, 1000, minute, 7 * minute, 60 * minute),
});

describe('sessions', () => {
  test('aggregate, with merges, tombstones and the late ones apart', () => {
    checkProperty(
      fc.property(histories({ value: word }), shapes, (history, shape) => {
        expectExactly(sessionTopology(shape), history, (records) => sessionOracle(records, shape));
      }),
    );
  });

  test('of short gaps, where many sessions are near each other', () => {
    const timestamp = fc.nat(60);
    const close = fc.record({ gap: fc.integer({ min: 1, max: 9 }), grace: fc.nat(30) });
    checkProperty(
      fc.property(histories({ value: word, timestamp, keys: ['a', 'b'] }), close, (history, shape) => {
        expectExactly(sessionTopology(shape), history, (records) => sessionOracle(records, shape));
      }),
    );
  });
});
