import { expect, test } from 'vitest';
import { sessionOf, stranger, withLog } from './person.ts';

const minute = 60_000;

/** The sessions that logs at these minutes get; their ids are their places in the list. */
function sessions(minutes: readonly number[]): number[] {
  let person = stranger;
  return minutes.map((at, id) => {
    person = withLog(person, id, at * minute);
    return sessionOf(person, id, at * minute);
  });
}

test.each<[string, number[], number[]]>([
  ['one session while there is something every 30 minutes', [0, 30, 60, 61], [0, 0, 0, 0]],
  ['another after more than that', [0, 30.1, 40], [0, 1, 1]],
  ['what comes out of order belongs to the session it is in', [100, 90, 70, 50, 41], [0, 0, 0, 0, 0]],
  ['what comes far too late has a session of its own', [100, 60, 130], [0, 1, 0]],
])('%s', (_, minutes, expected) => {
  expect(sessions(minutes)).toEqual(expected);
});
