// Running a command to its end: a download, a tool of Kafka's.
import { spawn } from 'node:child_process';
import { register, unregister } from './registry.ts';
import { signalGroup } from './signal.ts';

/** A program with its arguments; `env` is laid over this process's own. */
export interface Command {
  file: string;
  args: string[];
  env?: Record<string, string>;
  cwd?: string;
}

/** How a command ended and what it wrote (standard output and error together, the last 64 kB). */
export interface Outcome {
  code: number | null;
  output: string;
}

/** Who may stop a command and who is called with its progress. */
export interface RunOptions {
  signal?: AbortSignal | undefined;
  /** Given every piece of output as it comes. */
  onOutput?: ((text: string) => void) | undefined;
}

/** Runs a command to its end; kills its whole group when the signal aborts. */
export function run(command: Command, options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command.file, command.args, {
      cwd: command.cwd,
      env: { ...process.env, ...command.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let output = '';
    function collect(chunk: Buffer): void {
      const text = chunk.toString('utf8');
      options.onOutput?.(text);
      output = (output + text).slice(-65_536);
    }
    function abort(): void {
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
    }
    function finish(): void {
      options.signal?.removeEventListener('abort', abort);
      if (child.pid !== undefined) unregister(child.pid);
    }
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', (error) => {
      finish();
      reject(error);
    });
    child.once('close', (code) => {
      finish();
      if (options.signal?.aborted) reject(new Error('stopped', { cause: options.signal.reason }));
      else resolve({ code, output });
    });
    if (child.pid !== undefined) register(command.file, child.pid);
    options.signal?.addEventListener('abort', abort, { once: true });
    if (options.signal?.aborted) abort();
  });
}
