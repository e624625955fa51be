// What the processor remembers of a user beside the counts: the newest session and those before it, and the
// last erasure.
import type { KeyValueStore, Serde } from '@activity/streams';
import type { Session } from './sessions.ts';

/** A user. Times in epoch milliseconds. */
export interface Person {
  /** The number of the newest session by event time; -1 where there is none. */
  readonly session: number;
  readonly sessionStart: number;
  readonly sessionLast: number;
  /** How many logs have its number; without those of before that was counted. */
  readonly sessionLogs: number;
  /** The command that erased the user last, by its log id; -1 where there is none. */
  readonly erasedBy: number;
}

/** People by user id. */
export type People = KeyValueStore<string, Person>;

/** The store's name. It holds the earlier sessions of users too: see `earlierKey`. */
export const peopleStore = 'people';

/** Someone of whom nothing is known. */
export const stranger: Person = {
  session: -1,
  sessionStart: -1,
  sessionLast: -1,
  sessionLogs: 0,
  erasedBy: -1,
};

/** What earlier sessions begin with: no person does. */
const sessionsMark = '+';

/**
 * A person as five numbers; a release that knows four of them reads these and writes them. Sessions as four
 * numbers each, to the base of 36.
 */
export const personSerde: Serde<Person | readonly Session[]> = {
  format: 'text',
  textLength: 60,
  serialize: (value) => (isSessions(value) ? sessionsText(value) : personText(value)),
  deserialize: (text) => (text.startsWith(sessionsMark) ? readSessions(text) : readPerson(text)),
};

function isSessions(value: Person | readonly Session[]): value is readonly Session[] {
  return Array.isArray(value);
}

function personText({ session, sessionStart, sessionLast, sessionLogs, erasedBy }: Person): string {
  return `${session},${sessionStart},${sessionLast},${erasedBy},${sessionLogs}`;
}

function readPerson(text: string): Person {
  const [session = -1, sessionStart = -1, sessionLast = -1, erasedBy = -1, sessionLogs = 0] = text
    .split(',')
    .map(Number);
  return { session, sessionStart, sessionLast, sessionLogs, erasedBy };
}

function sessionsText(sessions: readonly Session[]): string {
  const numbers = sessions.flatMap(({ number, start, last, logs }) => [number, start, last - start, logs]);
  return sessionsMark + numbers.map((one) => one.toString(36)).join();
}

function readSessions(text: string): readonly Session[] {
  const numbers = text
    .slice(sessionsMark.length)
    .split(',')
    .map((one) => Number.parseInt(one, 36));
  const sessions: Session[] = [];
  for (let at = 0; at + 3 < numbers.length; at += 4) {
    const [number = -1, start = -1, length = -1, logs = 0] = numbers.slice(at, at + 4);
    sessions.push({ number, start, last: start + length, logs });
  }
  return sessions;
}
