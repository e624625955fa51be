// Part: one supervised program of the pipeline, from its command line to "it is healthy" and back to nothing.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Report } from '../fetch/context.ts';
import { unlessFull } from './disk-full.ts';
import { logTail, openLog } from './log-file.ts';
import { ask, type Probe } from './probe.ts';
import { Problem } from './problem.ts';
import { register, unregister } from './registry.ts';
import type { Command } from './run.ts';
import { signalGroup } from './signal.ts';

/** Everything that starting, watching and stopping a part takes. Times in milliseconds. */
export interface PartSpec {
  /** Names the part to people and its log file. */
  name: string;
  /** Where it listens: `host:port` or a URL. */
  address: string;
  logFile: string;
  probe: Probe;
  command: Command;
  /** Runs before every start of the process: formats storage, writes configuration. */
  prepare?: (signal: AbortSignal) => Promise<void>;
  /** Runs once the process is there and before it is asked for its health: what makes it usable. */
  settle?: (signal: AbortSignal) => Promise<void>;
  /** What to try where it does not come up. */
  remedy: string;
  /** From spawn to healthy, at most. */
  bootTimeoutMs: number;
  /** From SIGTERM to SIGKILL. */
  stopGraceMs: number;
}

/** How a process ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** Says how a process ended: `exit code 1`, `SIGKILL`. */
export function describeExit(exit: Exit): string {
  return exit.signal ?? `exit code ${exit.code ?? 'unknown'}`;
}

interface Running {
  child: ChildProcess;
  pid: number;
  since: Date;
  exited: Promise<Exit>;
}

const neverStarted: Promise<Exit> = Promise.resolve({ code: null, signal: null });

/**
 * One program with its log file and its health. `start` resolves when it is healthy; `stop` and `kill` when
 * it is gone. It does not start again by itself: that is the supervisor's part.
 */
export class Part {
  readonly spec: PartSpec;
  #running: Running | undefined;
  #exited: Promise<Exit> = neverStarted;
  readonly #write: (what: string, write: () => void) => void;

  /** `report` is called where the disk has no room for the log: the part runs without one then. */
  constructor(spec: PartSpec, report: Report = () => {}) {
    this.spec = spec;
    this.#write = unlessFull(report);
  }

  get name(): string {
    return this.spec.name;
  }

  /** The pid of the running process; undefined while none runs. */
  get pid(): number | undefined {
    return this.#running?.pid;
  }

  /** When the running process began. */
  get since(): Date | undefined {
    return this.#running?.since;
  }

  /** Resolves when the current process ends; at once where none runs. */
  get exited(): Promise<Exit> {
    return this.#exited;
  }

  /**
   * Starts the process and waits until it is healthy.
   *
   * @throws Problem with the log's tail, where it ends or is not healthy within its time. It is stopped then.
   */
  async start(signal?: AbortSignal): Promise<void> {
    if (this.#running) throw new Error(`starting ${this.name}: it runs already`);
    const bound = AbortSignal.timeout(this.spec.bootTimeoutMs);
    const either = signal ? AbortSignal.any([bound, signal]) : bound;
    try {
      await this.spec.prepare?.(either);
      either.throwIfAborted();
      const running = this.#spawn();
      await Promise.race([this.#becomeHealthy(either), this.#endedEarly(running)]);
    } catch (error) {
      await (signal?.aborted ? this.stop() : this.kill());
      if (signal?.aborted || error instanceof Problem) throw error;
      const why = bound.aborted ? `is not healthy after ${this.spec.bootTimeoutMs / 1000} s` : String(error);
      throw new Problem(`${this.name} ${why}; ${this.#advice()}`, {
        detail: this.logTail(),
        cause: error,
      });
    }
  }

  /** Asks the part once: undefined when healthy, otherwise why not. */
  async check(): Promise<string | undefined> {
    if (!this.#running) return 'is not running';
    return ask(this.spec.probe);
  }

  /** Stops in order: SIGTERM, then SIGKILL after the grace. Safe to call at any time, any number of times. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    signalGroup(running.pid, 'SIGTERM');
    const forced = setTimeout(() => signalGroup(running.pid, 'SIGKILL'), this.spec.stopGraceMs);
    await running.exited;
    clearTimeout(forced);
  }

  /** Kills with SIGKILL and waits until it is gone: a crash on purpose. */
  async kill(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    signalGroup(running.pid, 'SIGKILL');
    await running.exited;
  }

  /** Stops in order where it runs, and starts again with the same address and data. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** The last lines of the part's log. */
  logTail(lines?: number): string {
    return logTail(this.spec.logFile, lines);
  }

  #advice(): string {
    return `${this.spec.remedy} (log: ${this.spec.logFile})`;
  }

  #spawn(): Running {
    const { command, logFile, name } = this.spec;
    let log: number | undefined;
    this.#write(logFile, () => (log = openLog(logFile)));
    const child = spawn(command.file, command.args, {
      cwd: command.cwd,
      env: { ...process.env, ...command.env },
      stdio: ['ignore', log ?? 'ignore', log ?? 'ignore'],
      // Its own group: Ctrl-C in the terminal reaches the launcher only, which stops the parts in order.
      detached: true,
    });
    if (log !== undefined) closeSync(log);
    const { pid } = child;
    const exited = new Promise<Exit>((resolve) => {
      child.once('error', () => resolve({ code: 127, signal: null }));
      child.once('exit', (code, signal) => {
        if (pid !== undefined) unregister(pid);
        this.#running = undefined;
        resolve({ code, signal });
      });
    });
    this.#exited = exited;
    if (pid === undefined) {
      throw new Problem(`${name} could not be started: ${command.file} is missing or may not be executed`);
    }
    register(name, pid);
    this.#running = { child, pid, since: new Date(), exited };
    return this.#running;
  }

  async #becomeHealthy(signal: AbortSignal): Promise<void> {
    await this.spec.settle?.(signal);
    while ((await ask(this.spec.probe)) !== undefined) await sleep(100, undefined, { signal });
  }

  async #endedEarly(running: Running): Promise<never> {
    const exit = await running.exited;
    throw new Problem(`${this.name} ended (${describeExit(exit)}) before it was healthy; ${this.#advice()}`, {
      detail: this.logTail(),
    });
  }
}
