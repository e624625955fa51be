// The flush of a stream thread: committed state goes to disk now and then, in the background.
import { Interval } from '../interval.ts';
import type { TaskSet } from './task-set.ts';
import { InFlight } from './in-flight.ts';
import type { StreamThreadOptions } from './thread-options.ts';

type Settings = Pick<
  StreamThreadOptions,
  'now' | 'stateFlushMs' | 'maxUnflushedChanges' | 'maxUnflushedBytes' | 'metrics'
>;

/** See the top of this file. */
export class StateFlush {
  readonly #tasks: TaskSet;
  readonly #settings: Settings;
  readonly #flush = new InFlight();
  readonly #interval: Interval;

  constructor(tasks: TaskSet, settings: Settings) {
    this.#tasks = tasks;
    this.#settings = settings;
    this.#interval = new Interval(settings.stateFlushMs, settings.now());
  }

  /**
   * Flushes when it is time; waits only where too much has gathered. Throws the failure of the last flush.
   */
  async run(): Promise<void> {
    this.#flush.throwFailure();
    const { now, maxUnflushedChanges, maxUnflushedBytes } = this.#settings;
    const stores = this.#tasks.all().flatMap((task) => task.stores.map(({ store }) => store));
    const flushAll = async (): Promise<void> => {
      await Promise.all(stores.map((store) => store.flush()));
    };
    const bytes = stores.reduce((sum, store) => sum + store.unflushedBytes(), 0);
    const isDue = this.#interval.isDue(now()) || bytes > maxUnflushedBytes / 2;
    if (isDue && !this.#flush.isActive) {
      this.#interval.restart(now());
      this.#report();
      this.#flush.start(flushAll());
    }
    const waiting = stores.reduce((sum, store) => sum + store.unflushed(), 0);
    if (waiting > maxUnflushedChanges || bytes > maxUnflushedBytes)
      await (this.#flush.isActive ? this.#flush.ended() : flushAll());
  }

  #report(): void {
    for (const task of this.#tasks.running())
      for (const { store } of task.stores)
        this.#settings.metrics.state(task.id, store.name, store.size(), store.bytes());
  }
}
