// The threads of an instance, and what becomes of the instance when one of them ends with an error.
import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from '@activity/kafka';
import { StreamsError } from '../api/errors.ts';
import { errorOf } from './error-message.ts';
import type { ThreadState } from './thread/thread-state.ts';
import type { PooledThread } from './instance-figures.ts';
import type { ThreadHandle } from './thread-handle.ts';
import { isReply, noReply, type StreamsUncaughtExceptionHandler } from './uncaught-exception.ts';

/** What a {@link ThreadPool} works on. */
export interface ThreadPoolOptions {
  threads: number;
  /** Makes the thread of this index; nothing runs before its `start()`. */
  createThread: (
    index: number,
    onState: (state: ThreadState, error?: Error) => void,
  ) => Promise<ThreadHandle>;
  onUncaughtException: StreamsUncaughtExceptionHandler;
  /** Asks every member of the application to shut down. */
  shutDownApplication: () => Promise<void>;
  /** The state of all threads as one. */
  onState: (state: ThreadState, error?: Error) => void;
  /** Every thread has closed what it had open. */
  onClosed: () => void;
  log: (level: 'info' | 'warn' | 'error', message: string, details?: object) => void;
}

interface Place {
  state: ThreadState;
  handle: ThreadHandle | undefined;
  /** How often in a row the thread had to be replaced. */
  failures: number;
  /** When it was RUNNING first. */
  runningSince: number | undefined;
}

/** A thread that fails at once is not replaced as fast as it fails. */
const replacements = { from: 100, to: 10_000 };
/** A thread that has run so long failed for a new reason. */
const soundMs = 60_000;

/** The state of all threads as one: the worst that is not over. */
function combined(states: readonly ThreadState[]): ThreadState {
  const order: ThreadState[] = ['ERROR', 'CREATED', 'REBALANCING', 'RESTORING', 'RUNNING', 'CLOSED'];
  return order.find((state) => states.includes(state)) ?? 'CREATED';
}

/** See the top of this file. */
export class ThreadPool {
  readonly #options: ThreadPoolOptions;
  readonly #places: Place[];
  readonly #stop = new AbortController();
  readonly #replacing = new Set<Promise<void>>();
  #state: ThreadState = 'CREATED';
  #closing: Promise<void> | undefined;
  #requesting: Promise<void> | undefined;
  #isPaused = false;

  constructor(options: ThreadPoolOptions) {
    this.#options = options;
    this.#places = Array.from({ length: options.threads }, () => ({
      state: 'CREATED',
      handle: undefined,
      failures: 0,
      runningSince: undefined,
    }));
  }

  /** The state of all threads as one. */
  get state(): ThreadState {
    return this.#state;
  }

  /** The threads that there are now. */
  get handles(): ThreadHandle[] {
    return this.#places.flatMap(({ handle }) => handle ?? []);
  }

  /** Every thread of the instance, with its state. */
  get threads(): PooledThread[] {
    return this.#places.map(({ state, handle }) => ({ state, handle }));
  }

  /** Makes all threads, then starts them. */
  async start(): Promise<void> {
    for (const [index, place] of this.#places.entries()) await this.#create(index, place);
    for (const handle of this.handles) handle.start();
  }

  /** Pauses or resumes all threads, and those that will take their places. */
  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    for (const handle of this.handles) handle.setPaused(isPaused);
  }

  /** Closes all threads. Resolves when nothing of them is open any more. */
  async close(closeOptions: { leave: boolean }): Promise<void> {
    await (this.#closing ??= this.#closeAll(closeOptions));
    await this.#requesting;
    if (this.#state === 'ERROR' || this.#state === 'CLOSED') return;
    this.#setState('CLOSED');
  }

  async #closeAll(closeOptions: { leave: boolean }): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#replacing);
    try {
      const closed = await Promise.allSettled(this.handles.map((handle) => handle.close(closeOptions)));
      const failure = closed.find(({ status }) => status === 'rejected');
      if (failure?.status === 'rejected') throw failure.reason;
    } finally {
      this.#options.onClosed();
    }
  }

  async #create(index: number, place: Place): Promise<ThreadHandle> {
    let isOver = false;
    const handle = await this.#options.createThread(index, (state, error) => {
      if (isOver) return;
      if (state === 'ERROR') {
        isOver = true;
        this.#failed(index, place, error ?? new Error('a thread has ended without saying why'));
        return;
      }
      if (state === 'RUNNING') place.runningSince ??= performance.now();
      place.state = state;
      this.#setState(combined(this.#places.map((each) => each.state)));
    });
    handle.setPaused(this.#isPaused);
    place.handle = handle;
    return handle;
  }

  #failed(index: number, place: Place, error: Error): void {
    const reply = this.#closing ? 'shut-down-client' : this.#ask(error, index);
    if (reply === 'replace-thread') {
      place.state = 'REBALANCING';
      this.#setState(combined(this.#places.map((each) => each.state)));
      const replaced = this.#replace(index, place).finally(() => this.#replacing.delete(replaced));
      this.#replacing.add(replaced);
      return;
    }
    place.state = 'ERROR';
    this.#setState('ERROR', error);
    const { log, shutDownApplication } = this.#options;
    if (reply === 'shut-down-application') {
      log('error', 'a thread failed: asking every instance of the application to shut down');
      this.#requesting ??= shutDownApplication().catch((failure: unknown) => {
        log('error', 'request that the application shut down failed: some instances may go on', {
          error: failure,
        });
      });
    }
    this.#closing ??= this.#closeAll({ leave: true }).catch((failure: unknown) => {
      log('error', 'closing after an error failed', { error: failure });
    });
  }

  #ask(error: Error, index: number): ReturnType<StreamsUncaughtExceptionHandler> {
    // Another instance has decided already.
    if (error instanceof StreamsError && error.code === 'SHUTDOWN_REQUESTED') return 'shut-down-client';
    const { onUncaughtException, log } = this.#options;
    try {
      const reply: unknown = onUncaughtException(error, index);
      if (isReply(reply)) return reply;
      log('error', `onUncaughtException failed: ${noReply(reply)}; shutting down`);
    } catch (failure) {
      log('error', 'onUncaughtException failed with an error; shutting down', { error: failure });
    }
    return 'shut-down-client';
  }

  async #replace(index: number, place: Place): Promise<void> {
    const { log } = this.#options;
    try {
      await place.handle?.close({ leave: true });
    } catch (error) {
      log('warn', `closing thread ${index} before it is replaced failed`, { error });
    }
    place.handle = undefined;
    const { runningSince = performance.now() } = place;
    place.failures = performance.now() - runningSince > soundMs ? 1 : place.failures + 1;
    place.runningSince = undefined;
    const { signal } = this.#stop;
    await sleep(backoff(place.failures, replacements), undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    log('warn', `starting another thread ${index}`);
    try {
      (await this.#create(index, place)).start();
    } catch (error) {
      this.#failed(index, place, errorOf(error));
    }
  }

  #setState(state: ThreadState, error?: Error): void {
    if (state === this.#state || this.#state === 'ERROR') return;
    this.#state = state;
    this.#options.onState(state, error);
  }
}
