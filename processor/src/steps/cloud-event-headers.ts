// The headers of CloudEvents' Kafka binding (binary mode) for records of the enriched topic.
import { cloudEventField, cloudEventId, type EnrichedLog } from '@activity/contracts';
import type { RecordHeaders } from '@activity/streams';

/** Returns a record's headers with those of its CloudEvent. */
export type WithCloudEvent = (log: EnrichedLog, headers: RecordHeaders) => RecordHeaders;

const contentType = 'content-type';

/**
 * Makes the headers: `ce_type` is the activity type, `ce_subject` the user, `ce_time` the event's time. An
 * event that came as a CloudEvent keeps its own `ce_id` and `ce_source`; every other one has its event id and
 * the source given. The content type is that of the record's value: the log, not the data that was sent.
 */
export function cloudEventHeaders(source: string): WithCloudEvent {
  const fixed = [
    { key: contentType, value: Buffer.from('application/json') },
    { key: 'ce_specversion', value: Buffer.from('1.0') },
  ];
  return function withCloudEvent(log, headers) {
    const own = ownAttributes(log);
    // A producer that writes to the raw topic itself may have set some: they were of the raw record.
    const others = headers.filter(({ key }) => key !== contentType && !key.startsWith('ce_'));
    return [
      ...others,
      ...fixed,
      { key: 'ce_id', value: Buffer.from(own?.id ?? log.eventId) },
      { key: 'ce_source', value: Buffer.from(own?.source ?? source) },
      { key: 'ce_type', value: Buffer.from(log.activityType) },
      { key: 'ce_subject', value: Buffer.from(log.userId) },
      { key: 'ce_time', value: Buffer.from(log.timestamp) },
    ];
  };
}

/** Id and source of an event that came as a CloudEvent: those that its event id was made of. */
function ownAttributes({ metadata, eventId }: EnrichedLog): { id: string; source: string } | undefined {
  const kept = metadata[cloudEventField];
  if (typeof kept !== 'object' || kept === null) return undefined;
  const { id, source } = kept as Record<string, unknown>;
  if (typeof id !== 'string' || typeof source !== 'string') return undefined;
  return cloudEventId(source, id) === eventId ? { id, source } : undefined;
}
