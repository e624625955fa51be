// Where the state of tasks is kept: what opens it.
import type { CommittedState } from './committed-state.ts';
import type { ExpiringState } from './expiring-state.ts';
import type { KeyEncoding } from './key-bytes.ts';

/** What a store's committed part is opened with. */
export interface OpenStateOptions {
  taskId: string;
  store: string;
  /** What its values are. */
  format: 'text' | 'bytes';
  /** How many neighbouring segments are kept, and dropped, together. */
  segmentsTogether: number;
  /** The id of the changelog topic. State made of another is dropped, and so is what lies in other segments. */
  changelogId: string | undefined;
  /** How much time a segment spans; 0 in stores without. */
  segmentMs: number;
}

/** What the state of an expiring store is opened with. */
export interface OpenExpiringOptions extends Omit<OpenStateOptions, 'segmentsTogether'> {
  keys: KeyEncoding;
  /** See {@link ExpiringState}. */
  runEntries?: number;
}

/** Opens the committed parts of stores. State that is damaged is moved aside, said, and begun anew. */
export interface StateBackend {
  /** Of key-value and window stores. */
  open(options: OpenStateOptions): Promise<CommittedState>;
  openExpiring(options: OpenExpiringOptions): Promise<ExpiringState>;
  /** The tasks that have state on this machine. */
  storedTasks(): readonly string[];
  /** Releases what the backend holds (a lock on its folder, say). */
  close(): Promise<void>;
}
