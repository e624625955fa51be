// Duplicates: dropped and counted where they say the same, to the dead letters where they do not.
import { hash } from 'node:crypto';
import type { ActivityEvent } from '@activity/contracts';
import type { Duplicate, Processor, ProcessorContext } from '@activity/streams';
import type { IncomingEvent } from '../incoming.ts';
import { verdicts, type Verdict } from './verdict.ts';

/**
 * What two copies of one event have in common: the same text for the same body. The time that the edge gave an event
 * which had none differs from copy to copy and does not count.
 */
export function fingerprintOf({ activityType, metadata, timestamp, receivedAt }: ActivityEvent): string {
  const time = timestamp === receivedAt ? '' : timestamp;
  return hash('md5', `${activityType}|${time}|${JSON.stringify(metadata)}`, 'base64').slice(0, 16);
}

/** Answers each duplicate's verdict. */
export function settleDuplicates(): Processor<string, Duplicate<IncomingEvent>, string, Verdict> {
  let context: ProcessorContext<string, Verdict>;
  return {
    init(given) {
      context = given;
    },
    process({ key, value: { value, conflicting, firstOffset }, timestamp, headers }) {
      if (conflicting) {
        const message = `eventId ${value.event.eventId} is that of raw offset ${firstOffset}, which has another body`;
        context.deadLetter('conflicting-duplicate', message);
      }
      const verdict = conflicting ? verdicts.deadLettered : verdicts.duplicate;
      context.forward({ key, value: verdict, timestamp, headers });
    },
  };
}
