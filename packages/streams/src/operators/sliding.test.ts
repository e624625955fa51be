// Sliding windows, and windows whose results come out when they close: what goes in, what comes out.
import { expect, test } from 'vitest';
import { stringSerde } from '../api/serde.ts';
import { hopping, sessions, sliding, tumbling } from '../dsl/windows.ts';
import { describeOperators, json, stream, strings, windowName } from '../testing-support/operator-cases.ts';
import { build } from '../testing-support/oracles.ts';
import { forgivingDriver } from '../testing-support/watched-driver.ts';

const windows = sliding({ timeDifference: 10, grace: 5 });

describeOperators('sliding windows', [
  {
    name: 'end with each record, and begin just after the one before it',
    declare: stream((input) =>
      input
        .groupByKey()
        .windowedBy(windows)
        .reduce((old, value) => old + value)
        .toStream()
        .map((window, text) => [windowName(window), text]),
    ),
    input: [
      ['k', 'a', 100],
      ['k', 'b', 105],
      ['k', 'c', 105],
      ['l', 'd', 103],
      ['k', 'e', 116],
    ],
    output: [
      ['k@90/100', 'a', 100],
      ['k@101/111', 'b', 105],
      ['k@95/105', 'ab', 105],
      ['k@101/111', 'bc', 105],
      ['k@95/105', 'abc', 105],
      ['l@93/103', 'd', 103],
      ['k@106/116', 'e', 116],
      ['k@106/116', 'e', 116],
    ],
  },
  {
    name: 'before the first whole one begin at the epoch',
    declare: stream((input) =>
      input
        .groupByKey()
        .windowedBy(windows)
        .count({ emit: 'commit' })
        .toStream()
        .map((window, count) => [windowName(window), count]),
    ),
    input: [
      ['k', 'a', 3],
      ['k', 'b', 1],
      ['k', 'c', 5],
    ],
    output: [
      ['k@0/10', 1, 3],
      ['k@2/12', 1, 3],
      ['k@0/10', 2, 3],
      ['k@2/12', 2, 5],
      ['k@4/14', 1, 5],
      ['k@0/10', 3, 5],
    ],
  },
  {
    name: 'take a record until stream time has reached the end of its last window plus the grace',
    declare: stream((input) =>
      input
        .groupByKey()
        .windowedBy(windows)
        .count({ onLate: (late) => late.to('late', json) })
        .toStream()
        .map((window, count) => [windowName(window), count]),
    ),
    input: [
      ['k', 'now', 120],
      ['k', 'in time', 115],
      ['l', 'alone, and too late for its window', 104],
      ['l', 'too late for every window', 100],
    ],
    output: [
      ['k@110/120', 1, 120],
      ['k@110/120', 2, 120],
      ['k@105/115', 1, 115],
      ['k@116/126', 1, 120],
    ],
    late: [
      ['l', 'alone, and too late for its window', 104],
      ['l', 'too late for every window', 100],
    ],
  },
]);

describeOperators('results on window close', [
  {
    name: 'come out in the order of windows, then of keys, with late records apart',
    declare: stream((input) =>
      input
        .groupByKey()
        .windowedBy(hopping({ size: 10, advance: 5, grace: 0 }))
        .emitStrategy('onWindowClose')
        .count({ onLate: (late) => late.to('late', json) })
        .toStream()
        .map((window, count) => [windowName(window), count]),
    ),
    input: [
      ['l', 'a', 12],
      ['k', 'b', 13],
      ['k', 'c', 15],
      ['k', 'late', 3],
      ['k', 'd', 20],
    ],
    output: [
      ['k@5/15', 1, 13],
      ['l@5/15', 1, 12],
      ['k@10/20', 2, 15],
      ['l@10/20', 1, 12],
    ],
    late: [['k', 'late', 3]],
  },
  {
    name: 'of sessions come out in the order of their ends',
    declare: stream((input) =>
      input
        .groupByKey()
        .windowedBy(sessions({ gap: 10, grace: 0 }))
        .emitStrategy('onWindowClose')
        .count()
        .toStream()
        .map((window, count) => [windowName(window), count]),
    ),
    input: [
      ['a', 'x', 100],
      ['b', 'x', 95],
      ['a', 'y', 105],
      ['c', 'z', 120],
    ],
    output: [
      ['b@95/95', 1, 95],
      ['a@100/105', 2, 105],
    ],
  },
]);

test('on window close, a result that fails is not the failure of the record that closed the window', () => {
  const topology = build((builder) =>
    builder
      .stream('in', strings)
      .groupByKey()
      .windowedBy(tumbling({ size: 10, grace: 0 }))
      .emitStrategy('onWindowClose')
      .count({ store: 'counts' })
      .toStream()
      .peek(({ key }) => {
        if (key === 'bad') throw new Error('cannot take it');
      })
      .map(({ key }, count) => [key, String(count)])
      .to('out', strings),
  );
  const { driver, failed } = forgivingDriver(topology);
  const input = driver.input('in', strings);
  input.pipe('bad', 'x', 1);
  input.pipe('good', 'x', 2);
  input.pipe('next', 'x', 10);
  expect(driver.output('out', strings).readAll()).toMatchObject([{ key: 'good', value: '1' }]);
  expect(failed).toEqual([[undefined, { key: 'bad', start: 0, end: 10 }]]);
  expect(driver.windowStore('counts').fetch('next', 10)).toBe(1);
});

test('on window close and by commits cannot both be', () => {
  expect(() =>
    build((builder) =>
      builder
        .stream('in', { key: stringSerde, value: stringSerde })
        .groupByKey()
        .windowedBy(windows)
        .emitStrategy('onWindowClose')
        .count({ emit: 'commit' }),
    ),
  ).toThrow("count() is to emit on window close, and by 'commit': leave { emit } out");
});
