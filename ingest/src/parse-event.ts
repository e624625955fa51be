// From the bytes of a request to an event, or to what is wrong with them.
import { isUtf8 } from 'node:buffer';
import { findUnstorable, isStorable } from '@activity/contracts';
import type { ActivityEvent, ActivityInputSchema } from '@activity/contracts';
import { fieldProblems } from '@activity/service';
import type { FieldProblem } from '@activity/service';

/** A parsed value, or the problems that it has. */
export type Parsed<T> = { ok: true; value: T } | { ok: false; details: FieldProblem[] };

/** What the edge adds to an event. */
export interface Stamp {
  /** When the request was received, in milliseconds. */
  now: number;
  newId: (now: number) => string;
}

/**
 * Parses JSON strictly: UTF-8 only.
 *
 * `JSON.parse` rounds numbers that a double cannot hold. Integers that it rounded are found and refused by `findUnstorable`;
 * a fraction's digits beyond a double's precision are dropped, as by every JavaScript reader of the topic.
 */
export function parseJson(bytes: Buffer): Parsed<unknown> {
  if (!isUtf8(bytes)) return refused('body', 'must be UTF-8');
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return { ok: true, value };
  } catch {
    return refused('body', 'must be valid JSON');
  }
}

/** Checks one event as a client sent it, and stamps it: its id and time where it has none, and when it was received. */
export function parseEvent(body: unknown, schema: ActivityInputSchema, stamp: Stamp): Parsed<ActivityEvent> {
  const unstorable = isStorable(body) ? undefined : findUnstorable(body);
  if (unstorable !== undefined) return refused(unstorable.path || 'body', unstorable.message);
  const input = schema.safeParse(body);
  if (!input.success) return { ok: false, details: fieldProblems(input.error) };
  const receivedAt = isoTime(stamp.now);
  const { userId, activityType, metadata, eventId, timestamp } = input.data;
  return {
    ok: true,
    value: {
      eventId: eventId ?? stamp.newId(stamp.now),
      userId,
      activityType,
      metadata,
      timestamp: timestamp ?? receivedAt,
      receivedAt,
      // Said only where it cannot be seen: a copy that is sent again is compared with what was sent.
      ...((timestamp ?? receivedAt) === receivedAt && { timestampGiven: timestamp !== undefined }),
    },
  };
}

function refused(field: string, message: string): { ok: false; details: FieldProblem[] } {
  return { ok: false, details: [{ field, message }] };
}

// Events of one batch, and many of one round, are received in the same millisecond.
let lastTime = 0;
let lastText = new Date(lastTime).toISOString();

function isoTime(time: number): string {
  if (time !== lastTime) {
    lastTime = time;
    lastText = new Date(time).toISOString();
  }
  return lastText;
}
