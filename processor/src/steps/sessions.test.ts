import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { personSerde, type Person } from './person.ts';
import { gapMs, maxEarlier, maxRewritten, Sessions, type Session } from './sessions.ts';

const minute = 60_000;

interface Log {
  id: number;
  time: number;
}

/** The stores, as texts: what is read is what the serde has written. */
function openSessions(onMerge: (merged: readonly Session[], session: number) => void = () => {}): {
  add: (id: number, time: number) => number;
  texts: Map<string, string>;
} {
  const texts = new Map<string, string>();
  function read(key: string): Person | readonly Session[] | undefined {
    const text = texts.get(key);
    return text === undefined ? undefined : personSerde.deserialize(text as never);
  }
  function write(key: string, value: Person | readonly Session[]): void {
    texts.set(key, personSerde.serialize(value) as string);
  }
  const sessions = new Sessions(
    {
      update(key, timestamp, next) {
        const value = next(read(key) as Person | undefined, false);
        write(key, value);
        return { value, timestamp };
      },
    },
    {
      get: (key) => read(key) as readonly Session[] | undefined,
      put: write,
      delete: (key) => texts.delete(key),
    },
    ({ session, merged }) => onMerge(merged, session),
  );
  return { add: (id, time) => sessions.add('u', id, time), texts };
}

/** The sessions that logs have in the end, merges written as the sink writes them. */
function stored(logs: readonly Log[]): Map<number, number> {
  const seen: Log[] = [];
  const numbers = new Map<number, number>();
  const { add } = openSessions((merged, session) => {
    for (const { number, start, last } of merged)
      for (const { id, time } of seen)
        if (numbers.get(id) === number && time >= start && time <= last) numbers.set(id, session);
  });
  for (const log of logs) {
    numbers.set(log.id, add(log.id, log.time));
    seen.push(log);
  }
  return numbers;
}

/** Sorted by time, cut where there is a gap, named after the log that came first. */
function workedOut(logs: readonly Log[]): Map<number, number> {
  const numbers = new Map<number, number>();
  const sorted = logs.toSorted((a, b) => a.time - b.time);
  for (let first = 0, at = 0; first < sorted.length; first = at) {
    for (at = first + 1; (sorted[at]?.time ?? Infinity) - (sorted[at - 1]?.time ?? 0) <= gapMs;) at++;
    const session = sorted.slice(first, at);
    const number = Math.min(...session.map(({ id }) => id));
    for (const { id } of session) numbers.set(id, number);
  }
  return numbers;
}

test.each<[string, number[], number[]]>([
  ['one session while there is something every 30 minutes', [0, 30, 60, 61], [0, 0, 0, 0]],
  ['another after more than that', [0, 30.1, 40], [0, 1, 1]],
  ['what comes out of order belongs to the session it is in', [100, 90, 70, 50, 41], [0, 0, 0, 0, 0]],
  ['what comes far too late has a session of its own', [100, 60, 130], [0, 1, 0]],
  ['an upload of two hours ago is one session', [200, 80, 81, 95, 201], [0, 1, 1, 1, 0]],
  ['a log between two sessions makes them one, of the lower number', [0, 60, 30], [0, 0, 0]],
  ['also where the later session is the older one', [60, 0, 30], [0, 0, 0]],
  ['also where neither is the newest', [0, 60, 500, 30, 501], [0, 0, 2, 0, 2]],
  ['sessions apart keep their numbers', [0, 60, 120, 500, 30], [0, 0, 2, 3, 0]],
])('%s', (_, minutes, expected) => {
  const logs = minutes.map((at, id) => ({ id, time: Math.round(at * minute) }));
  expect([...stored(logs).values()]).toEqual(expected);
  expect(stored(logs)).toEqual(workedOut(logs));
});

test('whatever the order, sessions are those of all logs in the order of time', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.nat(600),
          fc.nat(40).map((at) => at * 15),
          fc.nat(9_000),
        ),
        { maxLength: 60 },
      ),
      (minutes) => {
        const logs = minutes.map((at, id) => ({ id, time: at * minute }));
        // As many as are remembered, at any time.
        fc.pre(
          logs.every((_, end) => new Set(workedOut(logs.slice(0, end + 1)).values()).size <= maxEarlier),
        );
        expect(stored(logs)).toEqual(workedOut(logs));
      },
    ),
    { numRuns: 300 },
  );
});

test('the sessions that a log has changed last are remembered', () => {
  const { add, texts } = openSessions();
  const hour = 60 * minute;
  for (let n = 0; n <= maxEarlier; n++) add(n, n * hour);
  expect(add(100, minute)).toBe(0);
  // The oldest of the others goes.
  add(101, (maxEarlier + 1) * hour);
  expect(add(102, hour + minute)).toBe(102);
  expect(add(103, 2 * minute)).toBe(0);
  for (let n = 200; n < 2_000; n++) add(n, Date.UTC(2026, 0, 1) + n * hour);
  expect(texts.get(' u')?.length).toBeLessThan(1_100);
});

test('a session of too many logs keeps its number, and what comes later has the lower one', () => {
  const merges: Session[] = [];
  const { add } = openSessions((merged) => merges.push(...merged));
  add(1, 0);
  for (let n = 0; n <= maxRewritten; n++) add(2 + n, 60 * minute + n);
  expect(add(20_000, 30 * minute)).toBe(1);
  expect(merges).toEqual([]);
  expect(add(20_001, 61 * minute)).toBe(1);
  // Those that have the lower number are few.
  add(0, -100 * minute + 200 * minute);
  expect(add(20_002, 80 * minute)).toBe(0);
  expect(merges).toMatchObject([{ number: 1, logs: 3 }]);
});

test('people of the release before are read, and that release reads what is written', () => {
  expect(personSerde.deserialize('7,1000,2000,-1' as never)).toEqual({
    session: 7,
    sessionStart: 1_000,
    sessionLast: 2_000,
    sessionLogs: 0,
    erasedBy: -1,
  });
  const { add, texts } = openSessions();
  texts.set('u', '7,1000,2000,5');
  expect(add(8, 3_000)).toBe(7);
  expect(texts.get('u')?.split(',').slice(0, 4)).toEqual(['7', '1000', '3000', '5']);
});
