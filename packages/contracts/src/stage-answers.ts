// What the stages say of themselves over HTTP, to each other: the processor's `/dedupe`, and the supervisor's
// `/stages`, `/event` and `/erasure`. Positions are offsets, times are ISO 8601.
import { z } from 'zod';

/** How far the stages are. */
export const stageReport = z.object({
  /** When the question was put to Kafka. */
  at: z.iso.datetime(),
  processor: z.object({
    lag: z.number(),
    partitions: z.array(z.object({ partition: z.number(), committed: z.number(), end: z.number() })),
  }),
  sinks: z.array(
    z.object({
      connector: z.string(),
      topic: z.string(),
      /**
       * Records that are not stored yet. Behind the last record of a partition is the marker of its
       * transaction, which is none.
       */
      lag: z.number(),
      state: z.string(),
      tasks: z.array(z.string()),
      /** Everything that the edge acknowledged before is stored; null where that is not known. */
      asOf: z.string().nullable(),
    }),
  ),
  erasures: z.object({ waiting: z.number(), kept: z.number() }),
});

/** What Kafka holds of an event. */
export const foundEvent = z.object({
  /** The partition that the user's records are in. */
  partition: z.number(),
  /** What of the partition the processor has committed. */
  committed: z.number(),
  /** Copies that the processor has not committed yet: raw offsets, and how many records are before each. */
  waiting: z.array(z.object({ offset: z.number(), before: z.number() })),
  deadLetters: z.array(
    z.object({
      raw: z.object({ partition: z.number(), offset: z.number() }),
      reason: z.string(),
      message: z.string(),
      at: z.string(),
    }),
  ),
  /** False where more was there than was read. */
  complete: z.boolean(),
});

/** An erasure on its way: `accepted` before the processor, `processed` behind it. */
export const erasureState = z.object({
  state: z.enum(['accepted', 'processed']),
  userId: z.string(),
  requestedAt: z.iso.datetime(),
});

/**
 * What an instance of the processor remembers of an event: the raw offset of its first copy where it knows
 * one; the command that erased its user, where one did.
 */
export const firstCopyAnswer = z.object({
  known: z.boolean(),
  offset: z.number().optional(),
  erasedBy: z.number().optional(),
});

export type StageReport = z.infer<typeof stageReport>;
export type FoundEvent = z.infer<typeof foundEvent>;
export type ErasureState = z.infer<typeof erasureState>;
export type FirstCopyAnswer = z.infer<typeof firstCopyAnswer>;
