// What the edge answers, as schemas: for the OpenAPI document and for whoever tests against it.
import { deployedNames } from '@activity/contracts';
import { fieldProblem, plainError, validationError } from '@activity/service';
import { z } from 'zod';

/** The parameters of a web page that sends events. */
export const queryKey = z.object({
  writeKey: z
    .string()
    .optional()
    .describe('A public key, where no header has a key; a secret one is refused here'),
  key: z.string().optional().describe('The same, by its short name'),
});

const movedToMetadata = z
  .array(z.string())
  .optional()
  .describe('Top-level fields that no event has: their values were put into `metadata`');

/** 201 for one event. */
export const published = z.object({
  success: z.literal(true),
  message: z.literal('Activity log published successfully'),
  eventId: z.string().describe('The event’s id: sent again with it, the event is counted once'),
  movedToMetadata,
});

/** 503 for one event. */
export const unpublished = plainError.extend({
  eventId: z
    .string()
    .optional()
    .describe(
      'Send the event again with this id: then it is counted once, whether it had been written or not',
    ),
});

/** One event’s verdict in a batch. */
export const verdict = z.object({
  index: z.number().int().describe('The event’s place in the batch, from 0; blank lines do not count'),
  status: z.union([z.literal(201), z.literal(400), z.literal(413), z.literal(422), z.literal(503)]),
  eventId: z.string().optional(),
  movedToMetadata,
  error: z.string().optional(),
  message: z.string().optional(),
  details: z.array(fieldProblem).optional(),
});

/** 207 for a batch. */
export const batchResult = z.object({
  accepted: z.number().int(),
  refused: z.number().int(),
  results: z.array(verdict),
});

/** 400 for a batch of which nothing was written, and nothing may be sent again. */
export const refusedBatch = validationError.extend(batchResult.shape);

/** 503, 413 and 422 for a batch of which nothing was written. */
export const unpublishedBatch = plainError.extend(batchResult.shape);

/** 202 for a delete. */
export const deletion = z.object({
  success: z.literal(true),
  message: z.string(),
  commandId: z
    .number()
    .int()
    .optional()
    .describe('The number of the command, in the same count as the logs’ ids; receipts name it'),
});

/** 200 of health. */
export const healthy = z.object({
  status: z.literal('ok'),
  service: z.literal(deployedNames.ingest),
  warning: z.string().optional().describe('Events are accepted, but: the clock is more than a second off'),
});
/** 503 of health. */
export const unhealthy = z.object({
  status: z.literal('unavailable'),
  service: z.literal(deployedNames.ingest),
  reason: z.string().optional(),
});
