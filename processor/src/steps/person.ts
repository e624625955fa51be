// What the processor remembers of a user beside the counts: the session under way, and the last erasure.
import type { KeyValueStore, Serde } from '@activity/streams';

/** A user. Times in epoch milliseconds. */
export interface Person {
  /** The `_id` of the session's first log; -1 where there is none. */
  readonly session: number;
  readonly sessionStart: number;
  readonly sessionLast: number;
  /** The command that erased the user last, by its log id; -1 where there is none. */
  readonly erasedBy: number;
}

/** People by user id. */
export type People = KeyValueStore<string, Person>;

/** The store's name. */
export const peopleStore = 'people';

/** Someone of whom nothing is known. */
export const stranger: Person = { session: -1, sessionStart: -1, sessionLast: -1, erasedBy: -1 };

/** A person as four numbers. */
export const personSerde: Serde<Person> = {
  format: 'text',
  textLength: 60,
  serialize: ({ session, sessionStart, sessionLast, erasedBy }) =>
    `${session},${sessionStart},${sessionLast},${erasedBy}`,
  deserialize(text) {
    const [session = -1, sessionStart = -1, sessionLast = -1, erasedBy = -1] = text.split(',').map(Number);
    return { session, sessionStart, sessionLast, erasedBy };
  },
};

/** How long a user may do nothing within a session. */
const inactivityMs = 30 * 60_000;

/**
 * The person after one more log, which belongs to the session that it is within 30 minutes of. One that is
 * later begins a session, which is named after it;
 * one that is earlier (it came late) has a session of its own.
 */
export function withLog(person: Person, id: number, time: number): Person {
  const { session, sessionStart, sessionLast, erasedBy } = person;
  if (session < 0 || time > sessionLast + inactivityMs) {
    return { session: id, sessionStart: time, sessionLast: time, erasedBy };
  }
  if (time < sessionStart - inactivityMs || (time >= sessionStart && time <= sessionLast)) return person;
  return {
    session,
    sessionStart: Math.min(sessionStart, time),
    sessionLast: Math.max(sessionLast, time),
    erasedBy,
  };
}

/** The session that a log belongs to, of the person after it. */
export function sessionOf(person: Person, id: number, time: number): number {
  return time < person.sessionStart - inactivityMs ? id : person.session;
}
