// Sessions: which session a log belongs to. A session takes logs that are within 30 minutes of it; a log that
// comes late between two of them joins them, as session windows of Kafka Streams are merged. The lowest
// number stays.
//
// A user's newest session by event time is in the user's entry, which is read and written with every log.
// Earlier ones are in an entry of their own, which late logs and ends of sessions alone touch. It is in the
// same store, so that instances of releases before and after it share tasks.
import type { KeyValueStore } from '@activity/streams';
import { stranger, type Person } from './person.ts';

/** A session that is not its user's newest. Times in epoch milliseconds. */
export interface Session {
  /** The lowest `_id` that one of its logs has. */
  readonly number: number;
  readonly start: number;
  readonly last: number;
  /** How many logs have its number. */
  readonly logs: number;
}

/** Sessions that a log has joined to one. */
export interface Merge {
  /** The number that stays. */
  readonly session: number;
  /** The sessions whose logs are to be given it. */
  readonly merged: readonly Session[];
}

/** What sessions are kept in. */
export type NewestStore = Pick<KeyValueStore<string, Person>, 'update'>;
export type EarlierStore = Pick<KeyValueStore<string, readonly Session[]>, 'get' | 'put' | 'delete'>;

/** How long a user may do nothing within a session. */
export const gapMs: number = 30 * 60_000;
/**
 * The sessions of a user that take late logs: the newest by event time, and of the others those that a log
 * has changed last.
 */
export const maxEarlier = 32;
/** A session with more logs is not rewritten: its logs keep their number, which no later log gets. */
export const maxRewritten = 10_000;

/** The key of a user's earlier sessions. It begins with a blank, as no user's id does. */
export function earlierKey(userId: string): string {
  return ` ${userId}`;
}

/** Gives logs their sessions. Calls `onMerge` where logs that had been given a number get a lower one. */
export class Sessions {
  readonly #newest: NewestStore;
  readonly #earlier: EarlierStore;
  readonly #onMerge: (merge: Merge) => void;
  /** The log, and its user as they were before: one function serves all logs. */
  #id = 0;
  #time = 0;
  #before = stranger;
  readonly #withLog = (person: Person | undefined): Person => {
    this.#before = person ?? stranger;
    return withLog(this.#before, this.#id, this.#time);
  };

  constructor(newest: NewestStore, earlier: EarlierStore, onMerge: (merge: Merge) => void) {
    this.#newest = newest;
    this.#earlier = earlier;
    this.#onMerge = onMerge;
  }

  /** Returns the session of a user's log, which is added to it. */
  add(userId: string, id: number, time: number): number {
    this.#id = id;
    this.#time = time;
    const { value: person } = this.#newest.update(userId, time, this.#withLog);
    const before = this.#before;
    if (time < person.sessionStart) return this.#addEarlier(userId, person);
    if (person.session !== before.session && before.session >= 0) this.#end(userId, before);
    return person.session;
  }

  /** The session that was the newest is an earlier one from now on. */
  #end(userId: string, person: Person): void {
    const key = earlierKey(userId);
    this.#keep(key, this.#earlier.get(key) ?? [], newestOf(person));
  }

  #keep(key: string, others: readonly Session[], session: Session): void {
    const first = Math.max(0, others.length + 1 - maxEarlier);
    this.#earlier.put(key, [...others.slice(first), session], this.#time);
  }

  /** A log of before the newest session: it may join that one, or earlier ones, or begin one. */
  #addEarlier(userId: string, person: Person): number {
    const time = this.#time;
    const key = earlierKey(userId);
    const known = this.#earlier.get(key) ?? [];
    const near = known.filter(({ start, last }) => time >= start - gapMs && time <= last + gapMs);
    const others = near.length === 0 ? known : known.filter((session) => !near.includes(session));
    const isNewest = time >= person.sessionStart - gapMs;
    const joined = this.#join(isNewest ? [...near, newestOf(person)] : near);
    if (isNewest) {
      const { number: session, start: sessionStart, last: sessionLast, logs: sessionLogs } = joined;
      const { erasedBy } = person;
      const next: Person = { session, sessionStart, sessionLast, sessionLogs, erasedBy };
      this.#newest.update(userId, time, () => next);
      if (others.length === 0 && near.length > 0) this.#earlier.delete(key);
      else if (near.length > 0) this.#earlier.put(key, others, time);
    } else this.#keep(key, others, joined);
    return joined.number;
  }

  /** The log and the sessions near it as one. */
  #join(near: readonly Session[]): Session {
    const time = this.#time;
    let number = this.#id;
    let [start, last, logs] = [time, time, 1];
    for (const session of near) {
      number = Math.min(number, session.number);
      start = Math.min(start, session.start);
      last = Math.max(last, session.last);
    }
    const merged: Session[] = [];
    for (const session of near) {
      const stays = session.number === number;
      if (!stays && session.logs > maxRewritten) continue;
      if (!stays) merged.push(session);
      logs += session.logs;
    }
    if (merged.length > 0) this.#onMerge({ session: number, merged });
    return { number, start, last, logs };
  }
}

function newestOf({ session, sessionStart, sessionLast, sessionLogs }: Person): Session {
  return { number: session, start: sessionStart, last: sessionLast, logs: sessionLogs };
}

/** The person after one more log; as before where the log is of before the newest session. */
function withLog(person: Person, id: number, time: number): Person {
  const { session, sessionStart, sessionLast, sessionLogs, erasedBy } = person;
  if (session < 0 || time > sessionLast + gapMs) {
    return { session: id, sessionStart: time, sessionLast: time, sessionLogs: 1, erasedBy };
  }
  if (time < sessionStart) return person;
  return {
    session,
    sessionStart,
    sessionLast: time > sessionLast ? time : sessionLast,
    sessionLogs: sessionLogs + 1,
    erasedBy,
  };
}
