// Where stores write their changelog records.
import type { Serialized } from '../api/serde.ts';

/** Takes the changelog records of one commit. */
export interface ChangelogSink {
  /** Appends a record; a value of null is a tombstone. Times in epoch milliseconds. */
  append(
    topic: string,
    partition: number,
    timestamp: number,
    key: Serialized,
    value: Serialized | null,
  ): void;
  /**
   * Appends a record whose key, and directly behind it the value,
   * are in `source`; no `valueEnd`: a tombstone.
   */
  appendBytes(
    topic: string,
    partition: number,
    timestamp: number,
    source: Buffer,
    keyStart: number,
    keyEnd: number,
    valueEnd: number | undefined,
  ): void;
}
