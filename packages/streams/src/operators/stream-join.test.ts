// Joins of two streams: what goes in, what comes out, through the real task.
import { expect, test } from 'vitest';
import { bytesSerde, jsonSerde, stringSerde } from '../api/serde.ts';
import { joinWindows } from '../dsl/join-windows.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { TopologyTestDriver } from '../testing/topology-test-driver.ts';
import { describeJoins, plus } from '../testing-support/join-cases.ts';
import { strings } from '../testing-support/operator-cases.ts';

const near = joinWindows({ within: 10, grace: 5 });

describeJoins('joins of two streams', [
  {
    name: 'join finds what is near in time, on either side, whichever comes first',
    declare: (b) => b.stream('a', strings).join(b.stream('b', strings), plus, near).to('out', strings),
    input: [
      ['a', 'k', 'a1', 100],
      ['b', 'k', 'b1', 110],
      ['b', 'k', 'b2', 111],
      ['b', 'other', 'b3', 100],
      ['a', 'k', 'a2', 101],
      ['a', 'k', 'a3', 101],
    ],
    output: [
      ['k', 'a1+b1', 110],
      ['k', 'a2+b1', 110],
      ['k', 'a2+b2', 111],
      ['k', 'a3+b1', 110],
      ['k', 'a3+b2', 111],
    ],
  },
  {
    name: 'join drops records without a key or a value',
    declare: (b) => b.stream('a', strings).join(b.stream('b', strings), plus, near).to('out', strings),
    input: [
      ['a', undefined, 'a1', 100],
      ['b', 'k', undefined, 100],
    ],
    output: [],
    dropped: ['null-key-or-value', 'null-key-or-value'],
  },
  {
    name: 'join counts what comes too late to be kept',
    declare: (b) => b.stream('a', strings).join(b.stream('b', strings), plus, near).to('out', strings),
    input: [
      ['a', 'k', 'a1', 100],
      ['a', 'k', 'a2', 125],
      ['a', 'k', 'late', 100],
      ['b', 'k', 'b1', 101],
      ['b', 'k', 'b2', 110],
    ],
    // What is kept of `a` begins at 125 - (10 + 10 + 5) + 1.
    output: [],
    late: 1,
  },
  {
    name: 'join of windows that begin after the record',
    declare: (b) => {
      const later = joinWindows({ before: -5, after: 10, grace: 0 });
      b.stream('a', strings).join(b.stream('b', strings), plus, later).to('out', strings);
    },
    input: [
      ['a', 'k', 'a1', 100],
      ['b', 'k', 'b1', 104],
      ['b', 'k', 'b2', 105],
      ['a', 'k', 'a2', 101],
    ],
    output: [['k', 'a1+b2', 105]],
  },
  {
    name: 'leftJoin passes a record on alone once its window is closed, and one without a key at once',
    declare: (b) => b.stream('a', strings).leftJoin(b.stream('b', strings), plus, near).to('out', strings),
    input: [
      ['a', 'k', 'a1', 100],
      ['a', undefined, 'a2', 100],
      ['b', 'other', 'b1', 115],
      ['b', 'other', 'b2', 116],
      ['b', undefined, 'b3', 117],
    ],
    output: [
      [undefined, 'a2+-', 100],
      ['k', 'a1+-', 100],
    ],
    dropped: ['null-key-or-value'],
  },
  {
    name: 'outerJoin passes on the records of both sides, in the order of time',
    declare: (b) => b.stream('a', strings).outerJoin(b.stream('b', strings), plus, near).to('out', strings),
    input: [
      ['b', 'y', 'b1', 101],
      ['a', 'x', 'a1', 100],
      ['a', 'z', 'a2', 101],
      ['a', 'z', 'a3', 101],
      ['b', 'x', 'b2', 109],
      ['a', 'w', 'a4', 200],
    ],
    output: [
      ['x', 'a1+b2', 109],
      ['y', '-+b1', 101],
      ['z', 'a2+-', 101],
      ['z', 'a3+-', 101],
    ],
  },
  {
    name: 'records of one key and time are looked at one by one, so those behind them come out no later',
    declare: (b) => {
      const [a, other] = [b.stream('a', strings), b.stream('b', strings)];
      a.outerJoin(other, plus, joinWindows({ before: 5, after: 0, grace: 100 })).to('out', strings);
    },
    input: [
      ['a', 'k', 'a1', 0],
      ['b', 'k', 'b1', 50],
      ['a', 'k', 'a2', 60],
      ['a', 'k', 'a3', 60],
      ['a', 'k', 'a4', 70],
      ['a', 'k', 'a5', 101],
      ['b', 'k', 'b2', 166],
    ],
    output: [
      ['k', 'a1+-', 0],
      ['k', '-+b1', 50],
      ['k', 'a2+-', 60],
      ['k', 'a3+-', 60],
    ],
  },
  {
    name: 'a stream joined with itself, over two stores or one',
    declare: (b) => {
      const stream = b.stream('a', strings);
      stream.join(stream, plus, near).to('out', strings);
      stream.join(stream, (x, y) => `${x}*${y}`, near, { singleStore: true }).to('out', strings);
    },
    input: [
      ['a', 'k', '1', 100],
      ['a', 'k', '2', 105],
    ],
    output: [
      ['k', '1+1', 100],
      ['k', '1*1', 100],
      ['k', '2+1', 105],
      ['k', '1+2', 105],
      ['k', '2+2', 105],
      ['k', '2*1', 105],
      ['k', '1*2', 105],
      ['k', '2*2', 105],
    ],
  },
  {
    name: 'streams whose keys were changed meet by their new keys',
    declare: (b) => {
      const a = b.stream('a', strings).selectKey((_key, value) => value.charAt(0), { key: stringSerde });
      const other = b.stream('b', strings).selectKey((_key, value) => value.charAt(0), { key: stringSerde });
      a.join(other, plus, near).to('out', strings);
    },
    input: [
      ['a', 'k', 'x1', 100],
      ['b', 'l', 'x2', 100],
    ],
    output: [['x', 'x1+x2', 100]],
  },
]);

test('keys and values may be bytes', () => {
  const builder = new StreamsBuilder();
  const bytes = { key: bytesSerde, value: bytesSerde };
  builder
    .stream('a', bytes)
    .outerJoin(
      builder.stream('b', { key: bytesSerde, value: jsonSerde<number>() }),
      (a, b) => [a?.[0], b],
      near,
    )
    .to('out', { value: jsonSerde() });
  const driver = new TopologyTestDriver(builder.build());
  const key = Buffer.from([1, 255]);
  driver.input('a', bytes).pipe(key, Buffer.from([7]), 100);
  driver.input('b', { key: bytesSerde, value: jsonSerde<number>() }).pipe(Buffer.from([2]), 5, 100);
  driver.crash();
  driver.input('b', { key: bytesSerde, value: jsonSerde<number>() }).pipe(key, 6, 200);
  const out = driver.output('out', { key: bytesSerde, value: jsonSerde<unknown>() }).readAll();
  expect(out.map((record) => [[...(record.key ?? [])], record.value])).toEqual([
    [[2], [null, 5]],
    [
      [1, 255],
      [7, null],
    ],
  ]);
});

test('what a join needs is said', () => {
  const builder = new StreamsBuilder();
  const stream = builder.stream('a', strings);
  const other = builder.stream('b', strings);
  expect(() => stream.mapValues(Number).join(other, String, near)).toThrow(
    'join() of two streams needs a value serde: pass { value: … } to it',
  );
  expect(() => stream.join(other, plus, near, { singleStore: true })).toThrow(
    'singleStore is for stream.join() of a stream with itself',
  );
  expect(() => joinWindows({ before: 5, grace: 0 })).toThrow("a join's windows need after");
  expect(() => joinWindows({ before: -5, after: 4, grace: 0 })).toThrow(
    "a join's window ends before it begins",
  );
});
