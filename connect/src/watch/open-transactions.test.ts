import { expect, test } from 'vitest';
import { OpenTransactions } from './open-transactions.ts';

function ages(looks: readonly (readonly [stable: number, high: number])[]): number[] {
  const open = new OpenTransactions();
  return looks.map(
    ([stable, high], second) =>
      open.look([{ topic: 't', partition: 0, stable, high }], second * 1_000).get('t') ?? -1,
  );
}

test.each<[string, [number, number][], number[]]>([
  [
    'none is open',
    [
      [5, 5],
      [9, 9],
    ],
    [0, 0],
  ],
  [
    'one stays open',
    [
      [5, 6],
      [5, 6],
      [5, 9],
    ],
    [0, 1_000, 2_000],
  ],
  [
    'each look finds another one',
    [
      [5, 6],
      [8, 9],
      [11, 12],
    ],
    [0, 0, 0],
  ],
  [
    'one ends, the next begins where it did',
    [
      [5, 6],
      [5, 6],
      [7, 7],
      [7, 8],
      [7, 8],
    ],
    [0, 1_000, 0, 0, 1_000],
  ],
  [
    'the end was asked for after a commit',
    [
      [5, 6],
      [7, 6],
    ],
    [0, 0],
  ],
])('%s', (_, looks, expected) => {
  expect(ages(looks)).toEqual(expected);
});

test('the oldest of a topic counts, and topics are apart', () => {
  const open = new OpenTransactions();
  const partitions = [
    { topic: 'a', partition: 0, stable: 1, high: 2 },
    { topic: 'a', partition: 1, stable: 4, high: 4 },
    { topic: 'b', partition: 0, stable: 1, high: 1 },
  ];
  open.look(partitions, 0);
  expect([...open.look(partitions, 3_000)]).toEqual([
    ['a', 3_000],
    ['b', 0],
  ]);
});
