// The launcher as its user runs it: a process of its own, on free ports and a temporary data folder.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '@activity/testbed/paths';
import type { Ports } from '../parts/services.ts';
import { endOrphans, ownRegistry } from '@activity/testbed/process/registry';
import { run, type Outcome } from '@activity/testbed/process/run';
import { readRunState, type PartState } from '../supervise/run-file.ts';
import { freePorts } from './free-ports.ts';

/** One `npm start`. */
export interface Launched {
  readonly pid: number;
  /** All it has printed so far. */
  readonly output: string;
  /** Its exit code once it has ended; 128 and more for a signal. */
  readonly exit: Promise<number>;
  /** Resolves when it has printed a line that matches; rejects when it ends before. */
  until(pattern: RegExp): Promise<void>;
}

/** A data folder with ports, on which the launcher can be run any number of times. */
export class Playground {
  readonly dataDir: string = mkdtempSync(join(tmpdir(), 'activity-launcher-'));
  readonly ports: Ports;
  readonly #registry: string = ownRegistry();
  readonly #root: string;
  readonly #env: Record<string, string>;

  private constructor(ports: Ports, root: string) {
    this.ports = ports;
    this.#root = root;
    this.#env = {
      DATA_DIR: this.dataDir,
      ACTIVITY_PROCESSES: this.#registry,
      INGEST_PORT: String(ports.ingest),
      QUERY_PORT: String(ports.query),
      PROCESSOR_METRICS_PORT: String(ports.processor),
      CONNECT_SUPERVISOR_PORT: String(ports.connect),
      KAFKA_PORT: String(ports.kafka),
      CONNECT_PORT: String(ports.kafkaConnect),
      MONGO_PORT: String(ports.mongodb),
    };
  }

  /** `root` is the root of the checkout whose launcher runs, which has to be installed. */
  static async open(root: string = projectRoot): Promise<Playground> {
    return new Playground(await freePorts(), root);
  }

  /** Starts the launcher under its checkout's Node. It stops when this process is gone. */
  launch(env: Record<string, string> = {}, args: string[] = []): Launched {
    const program = join(this.#root, 'local', 'src', 'start.ts');
    const node = join(this.#root, 'node_modules', '.bin', 'node');
    const child = spawn(node, [program, ...args], {
      cwd: this.#root,
      env: { ...process.env, ...this.#env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    child.channel?.unref();
    let output = '';
    const wake = new Set<() => void>();
    function collect(chunk: Buffer): void {
      output += chunk.toString('utf8');
      for (const look of wake) look();
    }
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    const exit = new Promise<number>((resolve) => {
      child.once('close', (code) => resolve(code ?? 128));
    });
    return {
      pid: child.pid ?? 0,
      get output(): string {
        return output;
      },
      exit,
      until(pattern: RegExp): Promise<void> {
        return new Promise((resolve, reject) => {
          function look(): void {
            if (pattern.test(output)) resolve();
          }
          wake.add(look);
          look();
          void exit.then(() => reject(new Error(`the launcher ended before it said ${pattern}:\n${output}`)));
        });
      },
    };
  }

  /** Runs `npm run status`. */
  status(): Promise<Outcome> {
    const program = join(projectRoot, 'local', 'src', 'status.ts');
    return run({ file: process.execPath, args: [program], env: this.#env });
  }

  /** One part as the launcher sees it. */
  part(name: string): PartState | undefined {
    return readRunState(this.dataDir)?.parts.find((part) => part.name === name);
  }

  /** The pids of all parts that run. */
  get pids(): number[] {
    const parts = readRunState(this.dataDir)?.parts ?? [];
    return parts.flatMap((part) => (part.pid === undefined ? [] : [part.pid]));
  }

  /** Ends what a killed launcher left and removes all data. */
  async close(): Promise<void> {
    await endOrphans(0, this.#registry);
    rmSync(this.#registry, { recursive: true, force: true });
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
