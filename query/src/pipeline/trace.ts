// Where an event is: asked of MongoDB, of the processor's dedupe store, and of Kafka through the supervisor.
import { logId, maxPartitions, rawPosition } from '@activity/contracts';
import type { ErasureReceipt, FoundEvent, Loss, StageReport } from '@activity/contracts';
import type { Collection, Document, Filter } from 'mongodb';
import type { LogDocument } from '../logs/log-json.ts';
import type { LogStore } from '../logs/log-store.ts';
import type { Reads } from '../reads/reads.ts';
import type { AskLosses } from './losses.ts';
import type { FirstCopy, Stages } from './stages.ts';

/** Where an event can be. */
export const traceStates = [
  'stored',
  'deleted',
  'erased',
  'dead-lettered',
  'processed',
  'lost',
  'accepted',
  'unknown',
] as const;
/** Where an event is. */
export type TraceState = (typeof traceStates)[number];

/** A raw position. */
export interface RawPosition {
  partition: number;
  offset: number;
}

/** The trace of an event. */
export interface Trace {
  eventId: string;
  userId: string;
  state: TraceState;
  /** Where the first copy is in the raw topic. */
  raw: RawPosition | null;
  /** The number of its log. */
  log: number | null;
  receivedAt: Date | null;
  processedAt: Date | null;
  /** The command that deleted it, and when. */
  deleted: { at: Date | null; by: number } | null;
  /** Why copies of it were dead-lettered, the last one last. */
  deadLetters: (FoundEvent['deadLetters'][number] & { duplicateOf: number | null })[];
  /** Further copies that wait to be found duplicates, and of which log. */
  duplicates: { raw: RawPosition; duplicateOf: number }[];
  /**
   * What is before it on its way: records before the processor, then before the connector that stores logs.
   */
  waiting: { stage: 'processor' | 'sink'; recordsBefore: number | null } | null;
  /**
   * What retention deleted too early of the partitions that the event is or may be in; empty where it is
   * known not to be lost.
   */
  lost: readonly Loss[];
  /** What could not be asked, so that the answer may say too little. */
  unanswered: ('processor' | 'supervisor')[];
}

/** What traces are made of. */
export interface TraceOptions {
  reads: Reads;
  store: LogStore;
  logs: Collection<LogDocument>;
  receipts: Collection<ErasureReceipt>;
  stages: Stages;
  losses: AskLosses;
}

/** Makes what traces events. */
export function createTrace(
  options: TraceOptions,
): (event: { eventId: string; userId: string }) => Promise<Trace> {
  const { reads, store, logs, receipts, stages, losses } = options;

  async function erasureAfter(userId: string, id: number): Promise<ErasureReceipt | undefined> {
    const filter = { userId, _id: { $gt: id } } as Filter<ErasureReceipt>;
    return (await reads.find('erasures.find', receipts, filter, { sort: { _id: 1 }, limit: 1 }))[0];
  }

  /** The newest erasure of a user; of one on its way only the processor knows. */
  async function newestErasure(userId: string, first: FirstCopy | 'forgotten' | undefined): Promise<number> {
    const filter = { userId } as Filter<ErasureReceipt>;
    const [receipt] = await reads.find('erasures.find', receipts, filter, { sort: { _id: -1 }, limit: 1 });
    const known = typeof first === 'object' && 'erasedBy' in first ? first.erasedBy : -1;
    return Math.max(receipt?._id ?? -1, known);
  }

  /** Dead letters of before an erasure are kept until the topic's retention, and shown to nobody. */
  async function letters(
    userId: string,
    inKafka: FoundEvent | undefined,
    first: FirstCopy | 'forgotten' | undefined,
  ): Promise<FoundEvent['deadLetters']> {
    if (inKafka === undefined || inKafka.deadLetters.length === 0) return [];
    const erasure = await newestErasure(userId, first);
    return inKafka.deadLetters.filter(({ raw }) => logId(raw.partition, raw.offset) > erasure);
  }

  async function markerOf(id: number): Promise<Document | undefined> {
    const filter = { _id: id, deletedAt: { $exists: true } } as Filter<LogDocument>;
    return (await reads.find('logs.marker', logs, filter, { limit: 1 }))[0];
  }

  /** Whether the sink has passed a log that is not stored: it stores each partition in order. */
  async function hasPassed(id: number, report: StageReport | undefined): Promise<boolean> {
    if (sinkLag(report) === 0) return true;
    const { partition } = rawPosition(id);
    const later = { _id: { $gt: id, $mod: [maxPartitions, partition] } } as Filter<LogDocument>;
    const found = await reads.find('logs.later', logs, later, {
      sort: { _id: 1 },
      limit: 1,
      projection: { _id: 1 },
    });
    return found.length > 0;
  }

  return async function trace({ eventId, userId }) {
    const event = { userId, eventId };
    const [stored, inKafka, first, report, lost] = await Promise.all([
      storedBy(store, eventId, userId),
      stages.findInKafka(event),
      stages.firstCopy(event),
      stages.report(),
      losses(),
    ]);
    const known = stored?._id ?? idOf(inKafka, first);
    const found: Trace = {
      eventId,
      userId,
      state: 'unknown',
      raw: known === undefined ? null : rawPosition(known),
      log: known ?? null,
      receivedAt: stored?.receivedAt ?? null,
      processedAt: stored?.createdAt ?? null,
      deleted: null,
      deadLetters: (await letters(userId, inKafka, first)).map(({ raw, reason, message, at }) => {
        const duplicateOf = reason === 'conflicting-duplicate' ? (known ?? null) : null;
        return { raw, reason, message, at, duplicateOf };
      }),
      duplicates: duplicatesOf(inKafka, known),
      waiting: null,
      lost: [],
      unanswered: [
        ...(first === undefined ? (['processor'] as const) : []),
        ...(inKafka === undefined ? (['supervisor'] as const) : []),
      ],
    };
    if (stored !== undefined) return { ...found, state: 'stored' };
    if (known !== undefined) {
      const [marker, erasure] = await Promise.all([markerOf(known), erasureAfter(userId, known)]);
      if (marker !== undefined) return { ...found, state: 'deleted', deleted: deletionOf(marker) };
      if (erasure !== undefined) {
        return { ...found, state: 'erased', deleted: { at: erasure.erasedAt ?? null, by: erasure._id } };
      }
      // It may have been stored since it was looked for.
      const since = await storedBy(store, eventId, userId);
      if (since !== undefined) {
        const { receivedAt = null, createdAt: processedAt } = since;
        return { ...found, state: 'stored', receivedAt, processedAt };
      }
      const gone = lost.filter(
        ({ of, partition }) => of === 'logs' && partition === rawPosition(known).partition,
      );
      if (gone.length > 0 && (await hasPassed(known, report))) return { ...found, state: 'lost', lost: gone };
      return { ...found, state: 'processed', waiting: { stage: 'sink', recordsBefore: sinkLag(report) } };
    }
    const waits = inKafka?.waiting[0];
    if (waits !== undefined && inKafka !== undefined) {
      const raw = { partition: inKafka.partition, offset: waits.offset };
      return {
        ...found,
        state: 'accepted',
        raw,
        waiting: { stage: 'processor', recordsBefore: waits.before },
      };
    }
    const letter = found.deadLetters.at(-1);
    if (letter !== undefined) return { ...found, state: 'dead-lettered', raw: letter.raw };
    // Of what an erased user had before, nothing says any more that it was there.
    const by = typeof first === 'object' && 'erasedBy' in first ? first.erasedBy : undefined;
    if (by === undefined) {
      const partition = inKafka?.partition;
      const mayBe = new Set(['raw', 'logs']);
      return { ...found, lost: lost.filter((one) => mayBe.has(one.of) && one.partition === partition) };
    }
    const receipt = await erasureAfter(userId, by - 1);
    return { ...found, state: 'erased', deleted: { at: receipt?.erasedAt ?? null, by } };
  };
}

async function storedBy(store: LogStore, eventId: string, userId: string): Promise<LogDocument | undefined> {
  const found = await store.find(eventId, userId);
  // A text of digits may be the number of another log.
  return found?.eventId === eventId ? found : undefined;
}

/** The number that the log of the first copy has or will have. */
function idOf(
  inKafka: FoundEvent | undefined,
  first: FirstCopy | 'forgotten' | undefined,
): number | undefined {
  if (typeof first !== 'object' || !('offset' in first) || inKafka === undefined) return undefined;
  return first.offset * maxPartitions + inKafka.partition;
}

function duplicatesOf(inKafka: FoundEvent | undefined, known: number | undefined): Trace['duplicates'] {
  if (inKafka === undefined || known === undefined) return [];
  const { partition, waiting } = inKafka;
  return waiting
    .filter(({ offset }) => offset !== rawPosition(known).offset)
    .map(({ offset }) => ({ raw: { partition, offset }, duplicateOf: known }));
}

function deletionOf(marker: Document): Trace['deleted'] {
  return { at: marker['deletedAt'] as Date, by: Number(marker['by'] ?? 0) };
}

function sinkLag(report: StageReport | undefined): number | null {
  return report?.sinks.find(({ connector }) => connector.endsWith('-logs-sink'))?.lag ?? null;
}
