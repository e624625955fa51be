// Text fields of an event's metadata, which clients fill as they like.
import type { EnrichedLog } from '@activity/contracts';

/** The field's text, at most so long; undefined where it is no text or empty. */
export function metadataText(
  { metadata }: EnrichedLog,
  field: string,
  maxLength = 1_024,
): string | undefined {
  const value = metadata[field];
  if (typeof value !== 'string' || value === '') return undefined;
  return value.length > maxLength ? value.slice(0, maxLength) : value;
}
