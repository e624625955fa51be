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
  /**
   * Commits what was processed, leaves the group unless told to stay for a quick return, closes. May be
   * called twice.
   */
  close(options?: { leave: boolean }): Promise<void>;
}
