// Supervisor: all parts together. Boots them, watches their health, stops them in reverse order.
import { setInterval } from 'node:timers';
import type { PartSpec } from '@activity/testbed/process/part';
import type { Problem } from '@activity/testbed/process/problem';
import type { PartState } from './run-file.ts';
import { Supervised, type WaitBeforeStart } from './supervised.ts';

const healthEveryMs = 2_000;

/** What the supervisor reports of its parts. */
export interface SupervisorOptions {
  report: (part: string, line: string) => void;
  /** Something changed, or two seconds have passed. */
  changed: (parts: PartState[]) => void;
  /** A part died too often. Called once. */
  failed: (problem: Problem) => void;
  /** The wait before a part that died is started again; by default 0.5 s, 1 s, 2 s, … 15 s. */
  waitMs?: WaitBeforeStart;
}

interface Ranked {
  rank: number;
  supervised: Supervised;
}

/** Parts in ranks: those of the highest rank are stopped first, those of one rank together. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #parts: Ranked[] = [];
  readonly #stop = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#check(), healthEveryMs);
  }

  /** Boots a part and watches it from then on. */
  async boot(rank: number, spec: PartSpec): Promise<void> {
    this.#stop.signal.throwIfAborted();
    const watcher = {
      report: (line: string) => this.#options.report(spec.name, line),
      changed: () => this.#changed(),
      failed: (problem: Problem) => this.#options.failed(problem),
    };
    const supervised = new Supervised(spec, watcher, this.#options.waitMs);
    this.#parts.push({ rank, supervised });
    this.#changed();
    await supervised.boot(this.#stop.signal);
  }

  /** Every part as it is now, in the order they were booted. */
  get states(): PartState[] {
    return this.#parts.map(({ supervised }) => {
      const { part } = supervised;
      return {
        name: part.name,
        address: part.spec.address,
        pid: part.pid,
        since: part.since?.getTime(),
        restarts: supervised.restarts,
        trouble: supervised.trouble,
      };
    });
  }

  /** Restarts one part, for changed code. False where it does not start, or there is none of that name. */
  async reload(name: string): Promise<boolean> {
    const found = this.#parts.find(({ supervised }) => supervised.part.name === name);
    return found ? found.supervised.reload() : false;
  }

  /** Stops everything in order. Any number of times. */
  async stop(): Promise<void> {
    this.#end();
    const ranks = [...new Set(this.#parts.map(({ rank }) => rank))].toSorted((a, b) => b - a);
    for (const rank of ranks) {
      const together = this.#parts.filter((one) => one.rank === rank);
      await Promise.all(together.map(({ supervised }) => supervised.stop()));
    }
  }

  /** Kills everything at once. */
  async kill(): Promise<void> {
    this.#end();
    await Promise.all(this.#parts.map(({ supervised }) => supervised.kill()));
  }

  #end(): void {
    clearInterval(this.#timer);
    this.#stop.abort();
  }

  #changed(): void {
    if (!this.#stop.signal.aborted) this.#options.changed(this.states);
  }

  async #check(): Promise<void> {
    await Promise.all(this.#parts.map(({ supervised }) => supervised.check()));
    this.#changed();
  }
}
