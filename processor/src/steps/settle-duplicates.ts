// Duplicates: dropped and counted where they say the same, to the dead letters where they do not.
import { hash } from 'node:crypto';
import { isoTime, logId, replayedFromHeader, type Marker } from '@activity/contracts';
import type {
  Duplicate,
  Processor,
  ProcessorContext,
  RecordHeaders,
  RecordPosition,
  StreamRecord,
} from '@activity/streams';
import type { IncomingEvent } from '../incoming.ts';
import { canonicalJson } from './canonical-json.ts';
import { decisionsOf, type Decision, type Decisions } from './decisions.ts';
import { verdictOutput, verdicts, type Verdict } from './verdict.ts';

const bodyLength = 12;
const timeLength = 9;
/** The length of what earlier versions kept, which cannot be compared with these. */
const oldLength = 16;

/**
 * What is kept of an event to compare later copies with: a hash of its type and metadata, whether the client
 * sent a time (`c`, or `e` for the edge), and the time. With a key, nobody can find personal data by trying.
 * A time that the edge has corrected is the edge's: each copy of the event has another.
 */
export function fingerprintOf(
  { event: { activityType, metadata, timestampCorrected }, timestamp, timestampGiven }: IncomingEvent,
  key: string,
): string {
  const body = hash('sha1', `${key}|${activityType}|${canonicalJson(metadata)}`, 'base64');
  const time = timestamp.toString(36).padStart(timeLength, '0');
  return `${body.slice(0, bodyLength)}${timestampGiven && timestampCorrected !== true ? 'c' : 'e'}${time}`;
}

/**
 * Whether a later copy says something else than the first. A copy without a time says nothing of it; one that
 * is sent again with the time that the edge had given the first says the same.
 */
export function isConflicting(first: string, copy: string): boolean {
  if (first.length === oldLength) return false;
  if (first.slice(0, bodyLength) !== copy.slice(0, bodyLength)) return true;
  return copy[bodyLength] === 'c' && first.slice(bodyLength + 1) !== copy.slice(bodyLength + 1);
}

function positionOf<K, V>(context: ProcessorContext<K, V>): RecordPosition {
  const position = context.position();
  if (!position) throw new Error('deciding outside of a record');
  return position;
}

/** Reports a duplicate; returns its verdict. */
function settle<K, V>(context: ProcessorContext<K, V>, decision: Decision, message: string): Verdict {
  if (decision === 'duplicate') return verdicts.duplicate;
  context.deadLetter('conflicting-duplicate', message);
  return verdicts.deadLettered;
}

/** The output for markers. */
export const replayMarkerOutput = 'replay-marker';

/**
 * Forwards the marker in place of a log that a replay may have had. A rebuild takes in what was refused
 * before, where a type has been registered since. So a dead letter that was replayed is the duplicate of its
 * own first record then, and the log of the replay must go: its event has another one now.
 */
function forwardReplayMarker<K, V>(context: ProcessorContext<K, V>, headers: RecordHeaders): void {
  if (!headers.some(({ key }) => key === replayedFromHeader)) return;
  const { partition, offset, timestamp } = positionOf(context);
  const id = logId(partition, offset);
  const value: Marker = { _id: id, deletedAt: isoTime(Math.max(0, timestamp)), by: id };
  context.forwardTo(replayMarkerOutput, { key: String(id), value, timestamp, headers: [] });
}

/** Returns each duplicate's verdict, and notes what it was found to be. */
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
      forwardReplayMarker(context, headers);
      context.forward({ key, value: settle(context, decision, message), timestamp, headers });
    },
  };
}

/**
 * Passes events on but those that were found to be duplicates when they were read before, under another
 * application id: their first copies may not be in the raw topic any more. They stand before the dedupe,
 * which must not take one of them for a first copy.
 */
export function recallDuplicates(): Processor<string, IncomingEvent, string, IncomingEvent> {
  let context: ProcessorContext<string, IncomingEvent>;
  let decisions: Decisions;

  function recall(record: StreamRecord<string, IncomingEvent>, decision: Decision): void {
    const { value, timestamp, headers } = record;
    context.dropped('duplicate');
    forwardReplayMarker(context, headers);
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
