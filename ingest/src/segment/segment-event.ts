// From a call of Segment's API to an event as clients of the edge send it.
import { fieldsOf, type Fields } from '../json-values.ts';
import { segmentTime } from './event-time.ts';
import { segmentMetadata } from './metadata.ts';

/** The calls of Segment's API, and the activity type of each but `track`, whose type is its event's name. */
export const segmentTypes = {
  identify: 'IDENTIFY',
  page: 'PAGE_VIEW',
  screen: 'SCREEN',
  group: 'GROUP',
  alias: 'ALIAS',
} as const;

/** A call of Segment's API. */
export type SegmentCall = keyof typeof segmentTypes | 'track';

/** What is known of a call beside itself. */
export interface SegmentRequest {
  /** The call that the path names; undefined for a batch, whose items name theirs. */
  call?: SegmentCall | undefined;
  /** When the client sent the batch, by its own clock: ISO 8601. An item's own is used where it has one. */
  sentAt?: unknown;
  /** The context of a batch, for each of its items. */
  context?: unknown;
  /** When the edge received it, in epoch milliseconds. */
  receivedAt: number;
}

/** An event that a call has become, to be checked like every other; or why it is none. */
export type SegmentEvent =
  | {
      ok: true;
      /** The body of an event, unchecked. */
      body: {
        userId: unknown;
        activityType: unknown;
        metadata: Record<string, unknown>;
        eventId: unknown;
        timestamp: unknown;
      };
      /** What the schema of the type judges: the properties, without the context; undefined: the metadata. */
      judged: Fields | undefined;
      /** The time is the client's, with the error of its clock taken out. */
      corrected: boolean;
    }
  | { ok: false; field: string; message: string };

/**
 * Maps one call. It checks only what it needs: ids, times and metadata are checked with the event. What says
 * how the call was sent (`sentAt`, `integrations`, `_metadata`, `writeKey`) is left out, so that a call that
 * is sent again becomes the same event.
 *
 * @example
 * const call = { type: 'track', event: 'Sign up', userId: 'ada', messageId: 'm-1' };
 * segmentEvent(call, { receivedAt: Date.now() })
 * // { ok: true, corrected: false, body: { userId: 'ada', activityType: 'Sign up', eventId: 'm-1', … } }
 */
export function segmentEvent(item: unknown, request: SegmentRequest): SegmentEvent {
  const given = fieldsOf(item);
  if (given === undefined) return { ok: false, field: 'body', message: 'must be an object' };
  const call = withContext(given, request.context);
  const kind = request.call ?? call['type'] ?? call['action'];
  const type = typeOf(kind, call);
  if (type === undefined) {
    const known = ['track', ...Object.keys(segmentTypes)].join(', ');
    return { ok: false, field: 'type', message: `must be one of ${known}` };
  }
  if (type === null) return { ok: false, field: 'event', message: 'must be the name of what happened' };
  const userId = idOf(call['userId']) ?? idOf(call['anonymousId']);
  if (userId === undefined)
    return { ok: false, field: 'userId', message: 'is missing, and so is anonymousId' };
  const { timestamp, corrected } = segmentTime(
    call['timestamp'] ?? call['originalTimestamp'],
    call['sentAt'] ?? request.sentAt,
    request.receivedAt,
  );
  const metadata = segmentMetadata(call);
  const eventId = idOf(call['messageId']);
  const body = { userId, activityType: type, metadata, eventId, timestamp };
  const judged = hasProperties(kind) ? fieldsOf(call['properties'] ?? {}) : undefined;
  return { ok: true, body, judged, corrected };
}

function hasProperties(kind: unknown): boolean {
  return kind === 'track' || kind === 'page' || kind === 'screen';
}

/** The activity type; undefined for a call that Segment does not have, null for a track without a name. */
function typeOf(kind: unknown, call: Fields): string | null | undefined {
  if (typeof kind !== 'string') return undefined;
  if (kind === 'track') {
    const { event } = call;
    return typeof event === 'string' && event.trim() !== '' ? event.trim() : null;
  }
  return Object.hasOwn(segmentTypes, kind) ? segmentTypes[kind as keyof typeof segmentTypes] : undefined;
}

/**
 * An id: a number becomes a text. Undefined where there is none, or a blank one. Everything else is returned
 * as it is, and checked with the event.
 */
function idOf(value: unknown): unknown {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value.trim() === '' ? undefined : value;
}

function withContext(call: Fields, context: unknown): Fields {
  const shared = fieldsOf(context);
  const own = call['context'] ?? {};
  const ownFields = fieldsOf(own);
  if (shared === undefined || ownFields === undefined) return call;
  return { ...call, context: { ...shared, ...ownFields } };
}
