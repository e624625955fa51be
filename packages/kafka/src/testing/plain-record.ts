// A record as a plain object, to be compared: a fetched one reads its key and value when they are asked for.
import type { SourceRecord } from '../format/record.ts';

/** The record's fields. */
export function plainRecord({ offset, timestamp, key, value, headers }: SourceRecord): SourceRecord {
  return { offset, timestamp, key, value, headers };
}
