// The process that is killed and started again, and what it reports.
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { endProcess } from '@activity/testbed/testing/end-process';
import { startChild, type Child } from '../shared/child.ts';
import type { Kind } from './job.ts';

/** One thing that it reports, and when. */
export interface Line {
  at: number;
  state?: string;
  restored?: number;
  committed?: number;
}

/** What a process processes. */
export interface ApplicationOptions {
  broker: string;
  kind: Kind;
  stateDir: string;
}

const mostWaitMs = 300_000;

/** The topics of a kind of state. */
export function topicsOf(kind: Kind): { input: string; output: string } {
  return { input: `restart-input-${kind}`, output: `restart-output-${kind}` };
}

/** The consumer group of a kind of state. */
export function groupOf(kind: Kind): string {
  return `restart-${kind}`;
}

/** One that runs. */
export class Application {
  readonly began: number = Date.now();
  readonly lines: Line[] = [];
  readonly #child: Child;
  #waiting: (() => void)[] = [];

  constructor({ broker, kind, stateDir }: ApplicationOptions) {
    const { input, output } = topicsOf(kind);
    this.#child = startChild(join(import.meta.dirname, 'app.ts'), [
      broker,
      groupOf(kind),
      input,
      output,
      stateDir,
      kind,
    ]);
    createInterface({ input: this.#child.stdout }).on('line', (text) => {
      this.lines.push(JSON.parse(text) as Line);
      this.#wake();
    });
    this.#child.once('exit', () => this.#wake());
  }

  /** The first line that fits. @throws Error where the process ends before, or after 5 minutes */
  async first(what: string, fits: (line: Line) => boolean): Promise<Line> {
    const latest = Date.now() + mostWaitMs;
    for (;;) {
      const found = this.lines.find(fits);
      if (found) return found;
      const { exitCode, signalCode } = this.#child;
      const ended = exitCode ?? signalCode;
      if (ended !== null) throw new Error(`waiting for ${what}: the processor ended with ${ended}`);
      if (Date.now() > latest) throw new Error(`waiting for ${what}: ${mostWaitMs} ms have passed`);
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        setTimeout(resolve, 1_000).unref();
      });
    }
  }

  /** Ends it at once, as a crash does. */
  async kill(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    await endProcess(this.#child);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** Records a second that were read back from changelogs. NaN where there were none. */
export function restoredPerSecond(lines: readonly Line[]): number {
  const restoring = lines.filter(({ restored }) => restored !== undefined);
  const began = lines.find(({ state }) => state === 'RESTORING')?.at ?? Number.NaN;
  const records = restoring.reduce((sum, { restored = 0 }) => sum + restored, 0);
  return records / (((restoring.at(-1)?.at ?? Number.NaN) - began) / 1_000);
}
