// Calls of Segment, as its exports write them: one a line, with the times that Segment has added.
import { fieldsOf } from '../../json-values.ts';
import { segmentEvent } from '../../segment/segment-event.ts';
import { noObject, type Mapped } from './form.ts';

/**
 * Maps one call as the edge's Segment API does. The `timestamp` of an export has no error of the client's
 * clock any more. Where there is only `originalTimestamp`, `sentAt` and Segment's own `receivedAt` say what
 * the error was.
 */
export function segmentCall(value: unknown): Mapped {
  const call = fieldsOf(value);
  if (call === undefined) return noObject;
  const { sentAt, receivedAt, ...rest } = call;
  const received = typeof receivedAt === 'string' ? Date.parse(receivedAt) : Number.NaN;
  const isRaw = rest['timestamp'] === undefined && !Number.isNaN(received);
  return segmentEvent(isRaw ? { ...rest, sentAt } : rest, { receivedAt: received });
}
