// Where the state of tasks is kept: what opens it.
import type { KeyEncoding } from '../api/key-text.ts';
import type { CommittedState } from './committed-state.ts';
import type { ExpiringState } from './expiring-state.ts';
import type { StoreSpec } from '../api/stores.ts';

/** What a store's committed part is opened with. */
export interface OpenStateOptions {
  taskId: string;
  store: string;
  kind: StoreSpec['kind'];
  /** How its keys' text stands for bytes. */
  keys: KeyEncoding;
  /** What its values are. */
  format: 'text' | 'bytes';
  /** How many neighbouring segments are kept, and dropped, together. */
  segmentsTogether: number;
  /** The id of the changelog topic. State of another topic, kind, format or length of segments is dropped. */
  changelogId: string | undefined;
  /**
   * State that was written longer ago, in milliseconds, is dropped: tombstones that it has not seen may be
   * gone from the changelog. Undefined: of any age.
   */
  maxAgeMs?: number | undefined;
  /** How much time a segment spans; 0 in stores without. */
  segmentMs: number;
  /** How many characters of a key are the prefix that entries are found by; undefined: by whole keys only. */
  prefixLength?: ((key: string) => number) | undefined;
}

/** What the state of an expiring store is opened with. */
export interface OpenExpiringOptions extends Omit<OpenStateOptions, 'segmentsTogether' | 'kind'> {
  /** See {@link ExpiringStateOptions}. */
  runEntries?: number | undefined;
}

/** Opens the committed parts of stores. State that is damaged is moved aside with a warning, and restored. */
export interface StateBackend {
  /** Of key-value and window stores. */
  open(options: OpenStateOptions): Promise<CommittedState>;
  openExpiring(options: OpenExpiringOptions): Promise<ExpiringState>;
  /** The tasks that have state on this machine. */
  storedTasks(): readonly string[];
  /** Releases what the backend holds (a lock on its folder, say). */
  close(): Promise<void>;
}
