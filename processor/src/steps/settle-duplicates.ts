// Duplicates: dropped and counted where they say the same, to the dead letters where they do not.
import { hash } from 'node:crypto';
import type { ActivityEvent } from '@activity/contracts';
import type { Duplicate, Processor, ProcessorContext, Record, RecordPosition } from '@activity/streams';
import type { IncomingEvent } from '../incoming.ts';
import { decisionsOf, type Decision, type Decisions } from './decisions.ts';
import { verdictOutput, verdicts, type Verdict } from './verdict.ts';

/** The store that `dedupe({ name: 'dedupe' })` makes. */
export const dedupeStore = 'dedupe-store';

/**
 * What two copies of one event have in common: the same text for the same body. The time that the edge gave an event
 * which had none differs from copy to copy and does not count. It is kept: with a key, nobody can find personal data by trying.
 */
export function fingerprintOf(
  { activityType, metadata, timestamp, receivedAt }: ActivityEvent,
  key: string,
): string {
  const time = timestamp === receivedAt ? '' : timestamp;
  return hash('sha1', `${key}|${activityType}|${time}|${JSON.stringify(metadata)}`, 'base64').slice(0, 16);
}

function positionOf<K, V>(context: ProcessorContext<K, V>): RecordPosition {
  const position = context.position();
  if (!position) throw new Error('deciding outside of a record');
  return position;
}

/** Tells of a duplicate; answers its verdict. */
function settle<K, V>(context: ProcessorContext<K, V>, decision: Decision, message: string): Verdict {
  if (decision === 'duplicate') return verdicts.duplicate;
  context.deadLetter('conflicting-duplicate', message);
  return verdicts.deadLettered;
}

/** Answers each duplicate's verdict, and notes what it was found to be. */
export function settleDuplicates(): Processor<string, Duplicate<IncomingEvent>, string, Verdict> {
  let context: ProcessorContext<string, Verdict>;
  let decisions: Decisions;
  return {
    init(given) {
      context = given;
      decisions = decisionsOf(given);
    },
    process({ key, value: { value, conflicting, firstOffset }, timestamp, headers }) {
      const { offset, timestamp: receivedAt } = positionOf(context);
      const decision = conflicting ? 'conflicting' : 'duplicate';
      decisions.note(offset, decision, Math.max(0, receivedAt));
      const message = `eventId ${value.event.eventId} is that of raw offset ${firstOffset}, which has another body`;
      context.forward({ key, value: settle(context, decision, message), timestamp, headers });
    },
  };
}

/**
 * Passes events on but those that were found to be duplicates when they were read before, under another application id: their first
 * copies may not be in the raw topic any more. They stand before the dedupe, which must not take one of them for a first copy.
 */
export function recallDuplicates(): Processor<string, IncomingEvent, string, IncomingEvent> {
  let context: ProcessorContext<string, IncomingEvent>;
  let decisions: Decisions;

  function recall({ value, timestamp }: Record<string, IncomingEvent>, decision: Decision): void {
    context.dropped('duplicate');
    const message = `eventId ${value.event.eventId} is that of an earlier record, which had another body`;
    const verdict = settle(context, decision, message);
    context.forwardTo(verdictOutput, { key: '', value: verdict, timestamp, headers: [] });
  }

  return {
    init(given) {
      context = given;
      decisions = decisionsOf(given);
    },
    process(record) {
      const decision = decisions.recall(positionOf(context).offset);
      if (decision) recall(record, decision);
      else context.forward(record);
    },
  };
}
