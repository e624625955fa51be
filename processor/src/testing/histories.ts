// Random histories of the raw topic: duplicates, disorder, lateness, deletes, erasures, garbage; and faults
// in between.
import * as fc from 'fast-check';
import { maxPartitions } from '@activity/contracts';
import { partitionOf } from '@activity/kafka/core';
import { faults, play, type Fault } from '@activity/streams/testing';
import type { TestPipeline } from './pipeline.ts';

/** An event; times in epoch milliseconds. */
export interface RawEvent {
  kind: 'event';
  user: string;
  event: string;
  type: string;
  /** When it was in Kafka. */
  at: number;
  /** When the edge says that it received it. */
  received: number;
  /** What the client says. */
  timestamp: number;
  /** What the edge says of whether the client said so. */
  timestampGiven: boolean | undefined;
}

/** One raw record. */
export type Raw = { partition: number } & (
  | RawEvent
  | { kind: 'delete'; id: number; at: number }
  | { kind: 'erase'; user: string; at: number }
  | { kind: 'stray'; event: RawEvent; at: number }
  | { kind: 'garbage'; reason: string; key: string | undefined; value: string | undefined; at: number }
);

/** Records and faults in their order. */
export interface RawHistory {
  partitions: number;
  happenings: (Raw | Fault)[];
}

const begin = Date.parse('2026-03-01T11:50:00.000Z');
const minute = 60_000;
const users = ['ann', 'bob', '🌍', 'd|e'];

const garbage = fc.constantFrom<[string, string | undefined, string | undefined]>(
  ['undecodable', 'ann', '{'],
  ['invalid', 'ann', undefined],
  ['invalid', 'bob', '{"userId":"bob"}'],
  ['invalid', undefined, '{"command":"drop"}'],
  ['too-deep', 'bob', `{"a":${'['.repeat(50)}${']'.repeat(50)}}`],
  ['too-large', 'ann', JSON.stringify('x'.repeat(3_000))],
);

const shift = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.integer({ min: -15 * minute, max: 0 }) },
  // On the very borders of windows and graces.
  { weight: 2, arbitrary: fc.integer({ min: -30, max: 6 }).map((minutes) => minutes * minute) },
  { weight: 1, arbitrary: fc.integer({ min: -26 * 60 * minute, max: 120 * minute }) },
  // Of some days ago, and of a year ago.
  { weight: 1, arbitrary: fc.integer({ min: -6, max: 0 }).map((hours) => hours * 60 * minute) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(-3, -29, -30, -31, -90, -365).map((days) => days * 1_440 * minute),
  },
);

const step = fc.oneof(
  fc.nat(3_000),
  fc.nat(20 * minute),
  fc.nat(12).map((minutes) => minutes * minute),
  fc.nat(30).map((hours) => hours * 60 * minute),
);

interface Times {
  shift: number;
  ahead: number;
  timestampGiven: boolean | undefined;
}

type Unplaced = { user: string } & (
  | ({ kind: 'event' | 'stray'; event: string; type: string } & Times)
  | { kind: 'delete'; offset: number; partition: number }
  | { kind: 'erase' }
  | { kind: 'garbage'; garbage: [string, string | undefined, string | undefined] }
);

/** How far the edge's clock is ahead of Kafka's. */
const ahead = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(-400 * 86_400_000, -minute, -1, 1, minute, 7_900 * 365 * 86_400_000),
  },
);
const anyTimes = {
  shift,
  ahead,
  timestampGiven: fc.constantFrom(undefined, undefined, undefined, true, false),
};

const user = fc.constantFrom(...users);
const record: fc.Arbitrary<Unplaced> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('event' as const),
      user,
      event: fc.constantFrom('e1', 'e2', 'e3', 'e4', 'e5', 'e6', 'e7'),
      type: fc.constantFrom('LOGIN', 'LOGIN', 'PAGE_VIEW'),
      ...anyTimes,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('stray' as const),
      user,
      event: fc.constantFrom('e1', 'e8'),
      type: fc.constant('LOGIN'),
      ...anyTimes,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      user,
      offset: fc.nat(25),
      partition: fc.nat(2),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('erase' as const), user }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('garbage' as const), user, garbage }) },
);
/** Any history. A user's records lie in one partition. */
export const rawHistories: fc.Arbitrary<RawHistory> = fc
  .tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.array(
      fc.oneof(
        { weight: 4, arbitrary: fc.tuple(record, step) },
        { weight: 1, arbitrary: fc.constantFrom(...faults, 'begin') },
      ),
      { maxLength: 90, size: 'max' },
    ),
  )
  .map(([partitions, items]) => {
    let at = begin;
    const happenings = items.map((item): Raw | Fault => {
      if (typeof item === 'string') return item;
      const [one, elapsed] = item;
      at += elapsed;
      return placed(one, at, partitions);
    });
    return { partitions, happenings };
  });

function placed(one: Unplaced, at: number, partitions: number): Raw {
  const right = partitionOf(one.user, partitions);
  // With one partition no record is in a wrong one.
  const partition = one.kind === 'stray' ? (right + 1) % partitions : right;
  switch (one.kind) {
    case 'event':
    case 'stray': {
      const { event, type, timestampGiven } = one;
      const received = at + one.ahead;
      const said = { at, received, timestamp: received + one.shift, timestampGiven };
      const sent: RawEvent = { kind: 'event', user: one.user, event, type, ...said };
      return partition === right ? { ...sent, partition } : { kind: 'stray', event: sent, at, partition };
    }
    case 'delete': {
      const id = one.offset * maxPartitions + one.partition;
      return { kind: 'delete', id, partition: one.partition % partitions, at };
    }
    case 'erase':
      return { kind: 'erase', user: one.user, partition, at };
    case 'garbage': {
      const [reason, key, value] = one.garbage;
      return { kind: 'garbage', reason, key, value, partition, at };
    }
  }
}

/** The largest record of these histories that is processed. */
export const maxBytes = 2_000;

function sentAs({ user: userId, event: eventId, type: activityType, ...times }: RawEvent): object {
  const timestamp = new Date(times.timestamp).toISOString();
  const receivedAt = new Date(times.received).toISOString();
  const { timestampGiven } = times;
  return { eventId, userId, activityType, metadata: {}, timestamp, receivedAt, timestampGiven };
}

/** The key and the value of a record. */
export function recordOf(raw: Raw): { key: string | undefined; value: object | string | undefined } {
  const requestedAt = new Date(raw.at).toISOString();
  switch (raw.kind) {
    case 'event':
      return { key: raw.user, value: sentAs(raw) };
    case 'stray':
      return { key: raw.event.user, value: sentAs(raw.event) };
    case 'delete':
      return { key: undefined, value: { command: 'delete-log', id: raw.id, requestedAt } };
    case 'erase':
      return { key: raw.user, value: { command: 'erase-user', userId: raw.user, requestedAt } };
    case 'garbage':
      return { key: raw.key, value: raw.value };
  }
}

/** Plays a history, faults included. */
export function playHistory({ driver, pipe }: TestPipeline, { happenings }: RawHistory): void {
  play(driver, happenings, (raw) => {
    const { key, value } = recordOf(raw);
    pipe(key, value, raw.at, { partition: raw.partition });
  });
  // The rolling counts look at the time.
  driver.advanceWallClock(1_000);
  driver.commit();
}
