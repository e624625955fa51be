// From an event to its place in Kafka, and from there to what the client is told.
import type { ActivityEvent } from '@activity/contracts';
import type { Failure } from '@activity/service';
import type { WriteResult } from './kafka/partition-lane.ts';
import type { TextRecord } from '@activity/kafka';
import type { EdgeMetrics } from './metrics.ts';
import type { EventRules } from './parse-event.ts';

/** Writes a record and reports, once, what became of it; see `EventWriter`. */
export type Write = (
  record: TextRecord,
  partition: number | undefined,
  tell: (result: WriteResult) => void,
) => void;

/** What publishing needs. */
export interface Publisher {
  write: Write;
  newId: (now: number) => string;
  metrics: Pick<EdgeMetrics, 'accepted' | 'refused' | 'violated'>;
  /** The largest event, in bytes of its JSON. */
  maxEventBytes: number;
  /** What events must be. */
  rules: EventRules;
}

/** Bytes that the edge itself adds to an event: its id, its times; and what it notes of the sender. */
const stampBytes = 512;
const senderBytes = 1_536;

/** Headers of a Kafka record. */
export type RecordHeaders = readonly (readonly [string, string])[];

/**
 * Writes an event and reports, once, what went wrong; undefined where the broker has acknowledged it. Its
 * record is in the partition of its user, at the time the edge received it (the event's own time is in the
 * value).
 */
export function publish(
  event: ActivityEvent,
  receivedAt: number,
  headers: RecordHeaders,
  { write, metrics, maxEventBytes }: Publisher,
  tell: (failure: Failure | undefined) => void,
): void {
  const value = JSON.stringify(event);
  const bytes = Buffer.byteLength(value);
  const added = event.sender === undefined ? stampBytes : stampBytes + senderBytes;
  if (bytes > maxEventBytes + added) {
    metrics.refused('too-large', 1);
    tell({ kind: 'too-large', message: `an event must not exceed ${maxEventBytes} bytes` });
    return;
  }
  const { eventId, activityType } = event;
  if (event.violations !== undefined) metrics.violated();
  const record = { key: event.userId, value, valueBytes: bytes, timestamp: receivedAt, headers };
  write(record, undefined, (result) => {
    if (result.kind === 'written') metrics.accepted(activityType, bytes);
    else metrics.refused(result.kind === 'too-large' ? 'too-large' : 'unavailable', 1);
    // By its id alone: the event itself would be held until the broker has acknowledged it.
    tell(failureOfWrite(result, eventId));
  });
}

/** The failure that a write's result is for the client; undefined where it was written. */
export function failureOfWrite(result: WriteResult, eventId?: string): Failure | undefined {
  switch (result.kind) {
    case 'written':
      return undefined;
    case 'too-large':
      return { kind: 'too-large', message: 'the broker does not take an event of this size' };
    case 'no-partition':
      return { kind: 'not-found', what: 'Activity log' };
    case 'unavailable':
      // It may have been written all the same: sent again with this id it is not counted twice.
      return {
        kind: 'unavailable',
        message: messages[result.reason],
        retryAfterSeconds: 1,
        ...(eventId === undefined ? {} : { extra: { eventId } }),
      };
  }
}

const messages: Record<Extract<WriteResult, { kind: 'unavailable' }>['reason'], string> = {
  deadline: 'the broker did not acknowledge in time: send it again, an event with this eventId',
  overloaded: 'too much waits for the broker: send it again later',
  closed: 'the service is stopping: send it again',
};
