// Chapter 8: exactly once, under crash and abort
//
// Everything so far was easy: nothing went wrong. This chapter makes it go wrong, at every point where it
// can, and finds the same results.
//
// Outputs, changelog records and input offsets are one Kafka transaction. What a task writes to its stores
// meanwhile is in an overlay in memory, and becomes part of the store when the transaction has committed,
// never before.
import { numberSerde, StreamsBuilder, stringSerde } from '@activity/streams';
import { TopologyTestDriver } from '@activity/streams/testing';
import { describe, expect, test } from 'vitest';

const strings = { key: stringSerde, value: stringSerde };
const numbers = { key: stringSerde, value: numberSerde };

const builder = new StreamsBuilder();
builder.stream('clicks', strings).groupByKey().count({ store: 'clicks' }).toStream().to('counts');
const topology = builder.build();

// With `manual`, nothing is processed or committed before the test says so.
function start(clicks: number): TopologyTestDriver {
  const driver = new TopologyTestDriver(topology, { commits: 'manual' });
  const input = driver.input('clicks', strings);
  for (let i = 0; i < clicks; i++) input.pipe('ada', '/home', i);
  return driver;
}

function committed(driver: TopologyTestDriver): (number | undefined)[] {
  return driver
    .output('counts', numbers)
    .readAll()
    .map(({ value }) => value);
}

function stored(driver: TopologyTestDriver): number | undefined {
  return driver.keyValueStore<string, number>('clicks').get('ada');
}

describe('between commits', () => {
  test('a task sees its own writes, and nobody else sees anything', () => {
    const driver = start(3);
    driver.process(2);
    expect(stored(driver)).toBe(2);
    expect(committed(driver)).toEqual([]);
    driver.commit();
    expect(committed(driver)).toEqual([1, 2, 3]);
  });

  test('an abort takes back outputs, state and position, all of them', () => {
    const driver = start(3);
    driver.process(2);
    driver.abort();
    expect(stored(driver)).toBeUndefined();
    // The same records are read again, and counted from where the last commit left off. A system whose state
    // had kept the two would now say 5.
    driver.commit();
    expect(committed(driver)).toEqual([1, 2, 3]);
    expect(stored(driver)).toBe(3);
  });

  test('a crash too; what had committed is read back from the changelog', () => {
    const driver = start(3);
    driver.process(1);
    driver.beginCommit().succeed();
    driver.process(1);
    driver.crash();
    expect(stored(driver)).toBe(1);
    driver.commit();
    expect(committed(driver)).toEqual([1, 2, 3]);
  });
});

describe('while a commit is in flight', () => {
  // The next batch is worked on while the broker commits the last one. So there are two layers of writes that
  // are not committed.
  test('work goes on, and belongs to the next commit', () => {
    const driver = start(3);
    driver.process(1);
    const pending = driver.beginCommit();
    driver.process(1);
    pending.succeed();
    expect(committed(driver)).toEqual([1]);
    expect(stored(driver)).toBe(2);
    driver.commit();
    expect(committed(driver)).toEqual([1, 2, 3]);
  });

  test('if it fails, what came after it is gone as well', () => {
    const driver = start(3);
    driver.process(1);
    const pending = driver.beginCommit();
    driver.process(1);
    pending.fail();
    expect(stored(driver)).toBeUndefined();
    driver.commit();
    expect(committed(driver)).toEqual([1, 2, 3]);
  });

  test('if its answer is lost, it may have happened: the broker is asked, never guessed at', () => {
    const driver = start(3);
    driver.process(1);
    driver.beginCommit().loseAnswer();
    // The offsets say that it has happened, and the changelog has what the overlay had to forget.
    expect(stored(driver)).toBe(1);
    driver.commit();
    expect(committed(driver)).toEqual([1, 2, 3]);
  });
});

test('a rebalance commits what was done, and another goes on from there', () => {
  const driver = start(3);
  driver.process(2);
  driver.rebalance();
  driver.commit();
  expect(committed(driver)).toEqual([1, 2, 3]);
});

test('whatever happens, in whatever order', () => {
  // Every sequence of three mishaps. The tests of the package do this for every step, with thousands of
  // random histories.
  const mishaps: ((driver: TopologyTestDriver) => void)[] = [
    (driver) => driver.abort(),
    (driver) => driver.crash(),
    (driver) => driver.rebalance(),
    (driver) => driver.beginCommit().fail(),
    (driver) => driver.beginCommit().loseAnswer(),
  ];
  const expected = Array.from({ length: 6 }, (_, i) => i + 1);
  for (let history = 0; history < mishaps.length ** 3; history++) {
    const driver = start(6);
    for (let rest = history, i = 0; i < 3; i++, rest = Math.floor(rest / mishaps.length)) {
      driver.process(2);
      mishaps[rest % mishaps.length]?.(driver);
    }
    driver.commit();
    expect(committed(driver), `history ${history}`).toEqual(expected);
  }
});
