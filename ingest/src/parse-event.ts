// From the bytes of a request to an event, or to what is wrong with them.
import { isUtf8 } from 'node:buffer';
import { findUnstorable, isStorable, maxNesting, maxValues } from '@activity/contracts';
import type { ActivityEvent, ActivityInputSchema, Sender } from '@activity/contracts';
import type { CheckedType, EventTypes, SchemaProblem } from '@activity/catalogue';
import { fieldProblems, firstProblems } from '@activity/service';
import type { FieldProblem } from '@activity/service';
import { stampSender } from './http/sender.ts';
import { outlineOf, skipBlanks } from './json-outline.ts';
import { misspeltFields, unknownFields, withFields } from './unknown-fields.ts';

/** A parsed value, or the problems that it has. */
export type Parsed<T> =
  | { ok: true; value: T }
  | {
      ok: false;
      details: FieldProblem[];
      /** It is not JSON at all. */
      malformed?: true;
    };

/** An event that is good, or its problems. */
export type ParsedEvent =
  | {
      ok: true;
      value: ActivityEvent;
      /** Top-level fields that no event has: their values are in its `metadata`. */
      moved: readonly string[];
    }
  | {
      ok: false;
      details: FieldProblem[];
      /** What else it is than a bad event: its metadata is not as its type wants it; or it may be good. */
      because?: 'schema' | 'unread-types';
    };

/** What events are judged by. */
export interface EventRules {
  /** What an event must be, whichever type it has. */
  input: ActivityInputSchema;
  types: Pick<EventTypes, 'get' | 'unknown'>;
}

/** What the edge adds to an event. */
export interface Stamp {
  /** When the request was received, in milliseconds. */
  now: number;
  newId: (now: number) => string;
  /** Who sent it, where a public key was used. */
  sender: Sender | undefined;
}

/** The stamp of a request's events. */
export function stampOf(
  { receivedAt: now, sender }: { receivedAt: number; sender: Sender | undefined },
  newId: Stamp['newId'],
): Stamp {
  return { now, newId, sender };
}

/** Text up to this length holds too little to be measured first, in bytes. */
const shortText = 4_096;

/**
 * Parses JSON strictly: UTF-8 only, and nothing that no event can be, which would take long to parse.
 *
 * `JSON.parse` rounds numbers that a double cannot hold. Integers that it rounded are found and refused by
 * `findUnstorable`; a fraction's digits beyond a double's precision are dropped, as by every JavaScript
 * reader of the topic.
 */
export function parseJson(bytes: Buffer): Parsed<unknown> {
  if (!isUtf8(bytes)) return malformed('must be UTF-8');
  if (bytes.length > shortText) {
    const { values, depth } = outlineOf(bytes, skipBlanks(bytes, 0));
    if (values > maxValues) return refused('body', `must not hold more than ${maxValues} values`);
    if (depth > maxNesting) return refused('body', `must not nest deeper than ${maxNesting}`);
  }
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return { ok: true, value };
  } catch {
    return malformed('must be valid JSON');
  }
}

/**
 * Checks one event as a client sent it, and stamps it: its id and time where it has none, when it was
 * received, and the version of its type.
 *
 * @param judged What the schema of its type judges: what the client itself sent, where `metadata` holds more.
 * By default the metadata.
 */
export function parseEvent(
  body: unknown,
  { input: schema, types }: EventRules,
  stamp: Stamp,
  judged?: Record<string, unknown>,
): ParsedEvent {
  const unstorable = isStorable(body) ? undefined : findUnstorable(body);
  if (unstorable !== undefined) return refused(unstorable.path || 'body', unstorable.message);
  const input = schema.safeParse(body);
  const unknown = unknownFields(body);
  const misspelt = unknown.length === 0 ? [] : misspeltFields(unknown);
  if (misspelt.length > 0 || !input.success) {
    const wrong = input.error === undefined ? [] : fieldProblems(input.error);
    return { ok: false, details: firstProblems([...misspelt, ...wrong, ...typeProblems(body, types)]) };
  }
  const receivedAt = isoTime(stamp.now);
  const { userId, activityType, metadata, eventId, timestamp } = input.data;
  const value: ActivityEvent = {
    eventId: eventId ?? stamp.newId(stamp.now),
    userId,
    activityType,
    metadata,
    timestamp: timestamp ?? receivedAt,
    receivedAt,
    // Said only where it cannot be seen: a copy that is sent again is compared with what was sent.
    ...((timestamp ?? receivedAt) === receivedAt && { timestampGiven: timestamp !== undefined }),
  };
  if (unknown.length > 0) {
    value.metadata = withFields(metadata, body as Record<string, unknown>, unknown);
    // What was moved is one level deeper than it was sent.
    const deeper = findUnstorable({ metadata: value.metadata });
    if (deeper !== undefined) return refused(deeper.path, deeper.message);
  }
  // Before the schema sees the metadata: what a page says of its sender is no part of it.
  if (stamp.sender !== undefined) stampSender(value, stamp.sender);
  const type = types.get(activityType);
  const refusal = type === undefined ? ofUnknownType(value, types) : ofType(value, type, judged);
  return refusal ?? { ok: true, value, moved: unknown };
}

type RefusedEvent = Extract<ParsedEvent, { ok: false }>;

/** Judges an event by its type, whose version it is stamped with. Returns why it is refused. */
function ofType(
  value: ActivityEvent,
  { version, check, mode }: CheckedType,
  judged: Record<string, unknown> = value.metadata,
): RefusedEvent | undefined {
  // The processor knows those of ACTIVITY_TYPES by itself.
  if (version > 0) value.typeVersion = version;
  const problems = check?.(judged);
  if (problems === undefined) return undefined;
  if (mode === 'strict') return { ok: false, details: firstProblems(problems), because: 'schema' };
  value.violations = problems.slice(0, violationsKept).map(violationOf);
  return undefined;
}

/** The most that a log says of what a schema refuses of it. */
const violationsKept = 5;
const longestViolation = 300;

function violationOf({ field, message }: SchemaProblem): string {
  // Cut within a character, it could not be stored.
  return `${field}: ${message}`.slice(0, longestViolation).toWellFormed();
}

function ofUnknownType(value: ActivityEvent, types: EventRules['types']): RefusedEvent | undefined {
  const unknown = types.unknown(value.activityType);
  switch (unknown.kind) {
    case 'taken':
      value.typeVersion = 0;
      return undefined;
    case 'refused':
      return refused('activityType', unknown.message);
    case 'unread':
      return { ...refused('activityType', 'is not known yet'), because: 'unread-types' };
  }
}

/** What is wrong with the type of a body that is wrong in other ways, too. */
function typeProblems(body: unknown, types: EventRules['types']): FieldProblem[] {
  if (typeof body !== 'object' || body === null || !('activityType' in body)) return [];
  const { activityType } = body;
  if (typeof activityType !== 'string' || types.get(activityType) !== undefined) return [];
  const unknown = types.unknown(activityType);
  return unknown.kind === 'refused' ? [{ field: 'activityType', message: unknown.message }] : [];
}

function malformed(message: string): { ok: false; details: FieldProblem[]; malformed: true } {
  return { ...refused('body', message), malformed: true };
}

/** What is refused for one reason. */
export function refused(field: string, message: string): { ok: false; details: FieldProblem[] } {
  return { ok: false, details: [{ field, message }] };
}

/** Problems as one text. */
export function problemsText(details: readonly FieldProblem[]): string {
  return details.map(({ field, message }) => `${field}: ${message}`).join('; ');
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
