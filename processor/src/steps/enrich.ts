// Enrich: an accepted event becomes the log as it is stored, by small steps that each add one thing.
import {
  fenceId,
  isoTime,
  logId,
  windowSizes,
  type EnrichedLog,
  type Sender,
  type SessionMerge,
} from '@activity/contracts';
import { sharedTypes, type SharedTypesOptions } from '@activity/catalogue/shared';
import type { KeyValueStore, Processor, ProcessorContext, ProcessorSupplier } from '@activity/streams';
import type { IncomingEvent } from '../incoming.ts';
import type { TypeCounts } from '../type-counts.ts';
import { arrivalOf } from './arrival.ts';
import { cloudEventHeaders } from './cloud-event-headers.ts';
import { peopleStore, type People } from './person.ts';
import type { RecordSpans } from './record-spans.ts';
import { expiryOf, type RetentionOptions } from './retention.ts';
import { Sessions, type Merge, type Session } from './sessions.ts';
import { verdictOutput, verdicts } from './verdict.ts';

/**
 * Adds to a log that nobody else has seen yet. One that throws leaves its part away, and is counted as
 * dropped under `enrich-<name>`; the log goes on.
 */
export type EnrichStep = (log: EnrichedLog) => void;

/** A step with the name it is switched off by. */
export interface NamedStep {
  name: string;
  step: EnrichStep;
}

const noSteps: readonly NamedStep[] = [];

/** The header that the event's own time is in: the time of the record itself is the broker's. */
const eventTimeHeader = 'event.time';

/** The output for sessions that have become one. */
export const sessionMergeOutput = 'session-merge';

/** What enriching is told. */
export interface EnrichOptions {
  steps: readonly NamedStep[];
  /** Whether logs are given the session they belong to. */
  sessions: boolean;
  graceMs: number;
  retention: RetentionOptions;
  /** The catalogue, which may say how long logs of a type are kept. */
  types: SharedTypesOptions | undefined;
  /** What `ce_source` says of events that came in another form; undefined: no headers of CloudEvents. */
  cloudEventsSource: string | undefined;
  /** Counts logs by type; undefined: not counted. */
  typeCounts: TypeCounts | undefined;
  /** Records spans; undefined: none. */
  spans: RecordSpans | undefined;
}

/** Gives each event its numeric id and its times, then what the steps add. */
export function enrich({
  steps,
  sessions,
  graceMs,
  retention,
  types,
  cloudEventsSource,
  typeCounts,
  spans,
}: EnrichOptions): ProcessorSupplier<string, IncomingEvent, string, EnrichedLog> {
  const withCloudEvent = cloudEventsSource === undefined ? undefined : cloudEventHeaders(cloudEventsSource);
  const expiry = expiryOf(retention, types && sharedTypes(types));
  return function createEnrich(): Processor<string, IncomingEvent, string, EnrichedLog> {
    let context: ProcessorContext<string, EnrichedLog>;
    let sessionsOf: Sessions;
    let merge: Merge | undefined;
    let lastNow = 0;
    let lastCreatedAt = isoTime(0);

    function createdAt(): string {
      const now = context.now();
      if (now === lastNow) return lastCreatedAt;
      lastNow = now;
      return (lastCreatedAt = isoTime(now));
    }

    return {
      init(given) {
        context = given;
        if (typeCounts !== undefined)
          given.onCommit({ beforeCommit: typeCounts.flush, afterAbort: typeCounts.forget });
        const people: People = given.keyValueStore(peopleStore);
        const earlier: KeyValueStore<string, readonly Session[]> = given.keyValueStore(peopleStore);
        sessionsOf = new Sessions(people, earlier, (one) => (merge = one));
      },
      process({ key, value, timestamp, headers }) {
        const { event, time, clamped, receivedAt, receivedAtCorrected } = value;
        const position = context.position();
        if (!position) throw new Error('enriching outside of a record');
        const span = spans?.begin(headers, position);
        const log: EnrichedLog = {
          _id: logId(position.partition, position.offset),
          eventId: event.eventId,
          userId: event.userId,
          activityType: event.activityType,
          metadata: event.sender === undefined ? event.metadata : withSender(event.metadata, event.sender),
          timestamp: time === value.timestamp ? event.timestamp : isoTime(time),
          receivedAt: receivedAtCorrected ? isoTime(receivedAt) : event.receivedAt,
          createdAt: createdAt(),
        };
        if (event.typeVersion !== undefined) log.typeVersion = event.typeVersion;
        if (event.violations !== undefined) log.violations = event.violations;
        const late = isLate(time, context.streamTime - graceMs, arrivalOf(context));
        if (late) log.late = true;
        if (clamped) log.clamped = true;
        if (receivedAtCorrected) log.receivedAtCorrected = true;
        if (event.timestampCorrected === true) log.timestampCorrected = true;
        if (sessions) log.session = sessionsOf.add(key, log._id, time);
        const expiresAt = expiry?.(log.activityType, time);
        if (expiresAt !== undefined) log.expiresAt = isoTime(expiresAt);
        // A log that has expired is counted. What replaces an earlier copy of it holds nothing.
        const hasExpired = expiresAt !== undefined && expiresAt <= context.now();
        if (hasExpired) log.metadata = {};
        for (const { name, step } of hasExpired ? noSteps : steps) {
          try {
            step(log);
          } catch {
            context.dropped(`enrich-${name}`);
          }
        }
        const eventTimeOf = { key: eventTimeHeader, value: Buffer.from(log.timestamp) };
        const carried = span === undefined ? headers : span.headers;
        const sent = withCloudEvent === undefined ? carried : withCloudEvent(log, carried);
        typeCounts?.add(log.activityType);
        context.forward({ key, value: log, timestamp, headers: [...sent, eventTimeOf] });
        if (merge !== undefined) {
          const record = mergeRecord(log, merge);
          merge = undefined;
          context.forwardTo(sessionMergeOutput, { key, value: record, timestamp, headers: [] });
        }
        const plain = late ? verdicts.late : verdicts.enriched;
        const verdict = expiresAt === undefined ? plain : { ...plain, expiresAt };
        context.forwardTo(verdictOutput, { key: '', value: verdict, timestamp, headers: [] });
        span?.end();
      },
      close() {
        spans?.flush();
      },
    };
  };
}

/** What the edge has noted of the sender, as the fields of the metadata that the steps read. */
function withSender(metadata: Record<string, unknown>, { ip, userAgent }: Sender): Record<string, unknown> {
  return { ...metadata, ...(ip !== undefined && { ip }), ...(userAgent !== undefined && { userAgent }) };
}

function mergeRecord({ _id, userId, receivedAt }: EnrichedLog, { session, merged }: Merge): SessionMerge {
  return {
    _id: fenceId(_id),
    deletedAt: receivedAt,
    by: _id,
    merge: {
      userId,
      session,
      merged: merged.map(({ number }) => number),
      from: isoTime(Math.min(...merged.map(({ start }) => start))),
      to: isoTime(Math.max(...merged.map(({ last }) => last))),
    },
  };
}

/**
 * How long after its end a minute takes events, by arrival:
 * the counts of all users keep state for twice as long.
 */
export const minutesOpenMs: number = 30 * windowSizes.day;

/** Whether a minute's window had closed before: its end is not after `closed`, or long before the arrival. */
function isLate(time: number, closed: number, arrival: number): boolean {
  const end = Math.floor(time / windowSizes.minute) * windowSizes.minute + windowSizes.minute;
  return end <= closed || end <= arrival - minutesOpenMs;
}
