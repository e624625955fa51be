// An application as its user has it.
import type { StreamsFigures } from './runtime/instance-figures.ts';
import type { ReadableStore } from './runtime/readable-store.ts';
import type { ThreadState } from './runtime/thread/thread-state.ts';
import type { Topology } from './topology/topology.ts';

/** What an application is made of. */
export interface StreamsDescription {
  applicationId: string;
  topology: Topology;
  deadLetterTopic: string | undefined;
  /** What the names of internal topics begin with. */
  internalTopicPrefix: string;
}

/** How an application is closed. */
export interface CloseOptions {
  /**
   * Whether its members leave the group, so that their tasks move at once. false: the group waits for
   * `sessionTimeoutMs` for a member that comes back, and its tasks stay for it.
   * @default true
   */
  leaveGroup?: boolean;
  /** How long `close` waits, in milliseconds. Without it, until everything has ended. */
  timeoutMs?: number;
}

/** An application. */
export interface Streams {
  /** The state of all its threads as one. */
  readonly state: ThreadState;
  /**
   * Checks and creates topics, joins the group. Resolves when it has begun;
   * readiness is {@link Streams.isReady}.
   * @throws FatalError that names what is missing or wrong and the remedy: topics, partition counts, rights,
   * a state folder in use, a topology that is not valid. Call `close()` all the same.
   */
  start(): Promise<void>;
  /** RUNNING: every assigned task is at work. */
  isReady(): boolean;
  /** Not ERROR and not CLOSED. */
  isHealthy(): boolean;
  /**
   * Committed state of the tasks that run in this instance.
   * @example await streams.store<string, number>('word-counts').get('hello')
   */
  store<K, V>(name: string): ReadableStore<K, V>;
  /**
   * What this instance does at this moment: rates come from two of them. Costs nothing while nobody asks, and
   * once in half a second at most. A thread that does not reply within a second is shown as it was last.
   * @example const { state, topics } = await streams.figures();
   */
  figures(): Promise<StreamsFigures>;
  /**
   * What runs: the topology, loaded where it was given as a module.
   * @throws FatalError where it cannot be loaded or is not valid.
   */
  describe(): Promise<StreamsDescription>;
  /** Whether {@link Streams.pause} was called last, and not {@link Streams.resume}. */
  readonly isPaused: boolean;
  /**
   * Stops processing: no record enters a step, and no punctuator is called. What was processed is committed.
   * Heartbeats, restoring and global tables go on, records are fetched until the buffers are full, and the
   * state stays what it is. May be called before `start()`. It is this instance's only, and not kept over a
   * restart. A punctuator of the time of day that was missed is called once after {@link Streams.resume}.
   */
  pause(): void;
  /** Processes again after {@link Streams.pause}. */
  resume(): void;
  /**
   * Commits what was processed, leaves the group unless told to stay for a quick return, and closes. Returns
   * whether everything has ended; false where that takes longer than `timeoutMs`: it then goes on, and
   * another call waits for it. May be called twice; the first call decides about `leaveGroup`.
   * @throws FatalError with CONFIGURATION_INVALID for a negative time; nothing is closed then.
   * @example
   * if (!(await streams.close({ timeoutMs: 10_000 }))) console.error('not everything has ended');
   */
  close(options?: CloseOptions): Promise<boolean>;
}
