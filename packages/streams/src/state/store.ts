// The part of a store that its task drives.
import type { SourceRecord } from '../api/record.ts';
import type { ChangelogSink } from './changelog-sink.ts';

/** The part of a store that its task drives. */
export interface TaskStore {
  readonly name: string;
  /** The next changelog offset to read for this store. */
  position(): number;
  /**
   * What the changelog holds of event times before this is of no use any more;
   * undefined: all of it is of use.
   */
  usedSince(): number | undefined;
  /** The changelog before this offset is of no use any more; undefined: not known. */
  usedFrom(): number | undefined;
  restore(records: readonly SourceRecord[], nextOffset: number): void;
  seal(changelog: ChangelogSink): void;
  commit(position: number | undefined): void;
  abort(): void;
  /** Bytes of what was written since the last seal. */
  pendingBytes(): number;
  /** Changes that are not on disk yet. */
  unflushed(): number;
  /** About how many bytes these take. */
  unflushedBytes(): number;
  flush(): Promise<void>;
  size(): number;
  bytes(): number;
  clear(): Promise<void>;
  close(): Promise<void>;
}
