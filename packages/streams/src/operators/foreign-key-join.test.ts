// Joins of two tables by a foreign key: what goes in, what comes out, over several partitions too.
import * as fc from 'fast-check';
import { checkProperty } from '@activity/kafka/testing';
import { expect, test } from 'vitest';
import { bytesSerde, jsonSerde, stringSerde } from '../api/serde.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { play } from '../testing/play.ts';
import { TopologyTestDriver } from '../testing/topology-test-driver.ts';
import { committedTo, histories, inputsOf } from '../testing-support/faults.ts';
import { describeJoins, plus } from '../testing-support/join-cases.ts';
import { build, strings } from '../testing-support/oracles.ts';

const result = { value: stringSerde };
/** The first letter of a value; none for `-`. */
const firstLetter = (value: string): string | null => (value.startsWith('-') ? null : value.charAt(0));

describeJoins('joins of two tables by a foreign key', [
  {
    name: 'join has a row where the foreign key has one, and follows both tables',
    declare: (b) =>
      b
        .table('a', strings)
        .join(b.table('b', strings), firstLetter, plus, result)
        .toStream()
        .to('out', strings),
    input: [
      ['a', 'k', 'x1', 100],
      ['b', 'x', 'one', 200],
      ['a', 'l', 'x2', 150],
      ['b', 'x', 'two', 300],
      ['a', 'k', 'y3', 400],
      ['b', 'y', 'three', 350],
      ['a', 'k', '-', 500],
      ['a', 'l', undefined, 600],
      ['a', 'm', '-', 700],
      ['b', 'x', undefined, 800],
    ],
    output: [
      ['k', 'x1+one', 200],
      ['l', 'x2+one', 200],
      ['k', 'x1+two', 300],
      ['l', 'x2+two', 300],
      ['k', undefined, 400],
      ['k', 'y3+three', 350],
      ['k', undefined, 500],
      ['l', undefined, 600],
    ],
    dropped: ['null-foreign-key'],
  },
  {
    name: 'leftJoin has a row for each of the left table',
    declare: (b) =>
      b
        .table('a', strings)
        .leftJoin(b.table('b', strings), firstLetter, plus, result)
        .toStream()
        .to('out', strings),
    input: [
      ['a', 'k', 'x1', 100],
      ['a', 'l', '-2', 100],
      ['b', 'x', 'one', 200],
      ['b', 'x', undefined, 300],
      ['a', 'k', undefined, 400],
      ['a', 'k', undefined, 500],
    ],
    output: [
      ['k', 'x1+-', 100],
      ['l', '-2+-', 100],
      ['k', 'x1+one', 200],
      ['k', 'x1+-', 300],
      ['k', undefined, 400],
    ],
  },
  {
    name: 'keys that begin alike are told apart',
    declare: (b) =>
      b
        .table('a', strings)
        .join(b.table('b', strings), (value) => value, plus, result)
        .toStream()
        .to('out', strings),
    input: [
      ['a', '1', 'x', 100],
      ['a', '', 'x1', 100],
      ['a', 'é', '', 100],
      ['b', 'x', 'one', 200],
      ['b', '', 'none', 300],
    ],
    output: [
      ['1', 'x+one', 200],
      ['é', '+none', 300],
    ],
  },
]);

test('keys and values may be bytes, and the result is kept', () => {
  const builder = new StreamsBuilder();
  const orders = builder.table('a', { key: bytesSerde, value: jsonSerde<{ of: number }>() });
  const names = builder.table('b', { key: bytesSerde, value: bytesSerde });
  orders.join(
    names,
    ({ of }) => Buffer.from([of, 58]),
    ({ of }, name) => `${of} ${name.toString()}`,
    {
      name: 'named',
      store: 'named-orders',
      ...result,
    },
  );
  const driver = new TopologyTestDriver(builder.build());
  driver
    .input('b', { key: bytesSerde, value: bytesSerde })
    .pipe(Buffer.from([255, 58]), Buffer.from('ada'), 1);
  driver.input('a', { key: bytesSerde, value: jsonSerde() }).pipe(Buffer.from([9]), { of: 255 }, 2);
  driver.crash();
  expect(driver.keyValueStore('named-orders').get(Buffer.from([9]))).toBe('255 ada');
});

test.each<[string, (string | undefined)[]]>([
  ['has no foreign key any more', [undefined, '-']],
  ['had none when it went', ['-', undefined]],
  ['names another row, which is not there', [undefined, 'y']],
])(
  'a row of the result goes where its row %s, however soon that comes after another change',
  (_what, changes) => {
    const topology = build((builder) =>
      builder
        .table('a', strings)
        .join(builder.table('b', strings), firstLetter, plus, { store: 'joined', ...result })
        .toStream()
        .to('out', strings),
    );
    const driver = new TopologyTestDriver(topology, { commits: 'manual' });
    driver.input('b', strings).pipe('x', 'one', 1);
    driver.input('a', strings).pipe('k', 'x', 2);
    driver.commit();
    expect(driver.keyValueStore('joined').get('k')).toBe('x+one');
    for (const value of changes) driver.input('a', strings).pipe('k', value, 3);
    driver.commit();
    expect(driver.keyValueStore('joined').get('k')).toBeUndefined();
  },
);

test('what the join needs is said', () => {
  const builder = new StreamsBuilder();
  const left = builder.table('a', strings).mapValues(Number);
  expect(() => left.join(builder.table('b', strings), String, (a, b) => `${a}${b}`, result)).toThrow(
    'join() by a foreign key needs a leftValue serde: pass { leftValue: … } to it',
  );
});

test('over partitions, crashes and aborts each row has in the end the row that it names', () => {
  const names: { [value: string]: string } = { x: 'a', y: 'b', z: '🌍' };
  const topology = build((builder) => {
    const [a, b] = [builder.table('a', strings), builder.table('b', strings)];
    const nameOf = (value: string): string | undefined => names[value];
    a.join(b, nameOf, plus, { name: 'inner', ...result })
      .toStream()
      .to('inner');
    a.leftJoin(b, nameOf, plus, { name: 'left', ...result })
      .toStream()
      .to('left');
  });
  const value = fc.option(fc.constantFrom('w', 'x', 'y', 'z'), { nil: undefined, freq: 4 });
  checkProperty(
    fc.property(histories({ value, topics: ['a', 'b'] }), (history) => {
      const { partitions } = history;
      const driver = new TopologyTestDriver(topology, { partitions, commits: 'manual' });
      // The right table is partitioned as keys are; the left one as it happens to be.
      play(driver, history.events, ({ topic, key, value: given, timestamp, partition }) =>
        driver.input(topic, strings).pipe(key, given, timestamp, topic === 'a' ? { partition } : {}),
      );
      const newest = (topic: string): Map<string, string | undefined> =>
        new Map(inputsOf(history).flatMap((one) => (one.topic === topic ? [[one.key, one.value]] : [])));
      const right = newest('b');
      for (const kind of ['inner', 'left']) {
        const outputs = committedTo(driver, kind, history, strings).flat();
        const last = new Map(outputs.map(([key, joined]) => [key, joined]));
        for (const [key, own] of newest('a')) {
          const named = own === undefined ? undefined : right.get(names[own] ?? 'none');
          const isThere = own !== undefined && (kind === 'left' || named !== undefined);
          expect(last.get(key), `${kind} ${key}`).toEqual(isThere ? plus(own, named) : undefined);
        }
      }
    }),
  );
});
