// The receipt of an erasure: what was erased,
// and every place that still holds something of the user, until when.
import {
  collections,
  receiptsCollection,
  type Erasure,
  type ErasureReceipt,
  type HeldPlace,
  type Topics,
} from '@activity/contracts';
import type { Holding } from './retentions.ts';

/** What a receipt is made of. */
export interface ReceiptSources {
  topics: Topics;
  holdings: readonly Holding[];
  /** How long markers stay in MongoDB, in milliseconds. */
  markerTtlMs: number;
  /** How long the receipt itself stays, in milliseconds. */
  receiptTtlMs: number;
}

function later(from: Date, milliseconds: number | undefined): Date | null {
  return milliseconds === undefined ? null : new Date(from.getTime() + milliseconds);
}

/** Makes the receipt of an erasure, without the number of its logs. */
export function receiptOf(
  { userId, requestedAt, processedAt }: Erasure,
  { topics, holdings, markerTtlMs, receiptTtlMs }: ReceiptSources,
): Omit<ErasureReceipt, '_id' | 'logs'> {
  const processed = new Date(processedAt);
  const expiresAt = new Date(processed.getTime() + receiptTtlMs);
  const untilOf = (topic: string): Date | null =>
    later(processed, holdings.find((one) => one.topic === topic)?.ms);
  const places: HeldPlace[] = [
    ...holdings.map(({ topic, holds, ms, why }): HeldPlace => ({
      place: `kafka: ${topic}`,
      holds,
      until: later(processed, ms),
      ...(why !== undefined && { why }),
    })),
    { place: `mongodb: ${collections.counts}`, holds: 'id', until: later(processed, markerTtlMs) },
    { place: `mongodb: ${collections.users}`, holds: 'id', until: later(processed, markerTtlMs) },
    { place: `mongodb: ${receiptsCollection}`, holds: 'id', until: expiresAt },
    {
      place: 'disk: the state of the processor (STATE_DIR)',
      holds: 'id',
      until: null,
      why: 'the number of the erasure stays with the user id, as in the changelog of it; files that hold older entries are replaced as state is written',
    },
    {
      place: 'mongodb: oplog',
      holds: 'events',
      until: null,
      why: 'MongoDB overwrites its oldest entries as it writes: it goes by size, not by time',
    },
  ];
  return {
    userId,
    requestedAt: new Date(requestedAt),
    heldUntil: {
      raw: untilOf(topics.raw),
      enriched: untilOf(topics.enriched),
      deadLetter: untilOf(topics.deadLetter),
    },
    places,
    expiresAt,
  };
}
