// Commands of the compose test: run to their end, heard while they run, ended when the test is.
import { appendFileSync } from 'node:fs';
import { run } from '@activity/testbed/process/run';

/** Where commands run and what becomes of their output. */
export interface ShellOptions {
  /** Gets everything that any command writes. */
  logFile: string;
  signal: AbortSignal;
  env: Record<string, string>;
  cwd: string;
}

/** Runs commands alike. */
export interface Shell {
  /** Runs a command. @throws Error with the end of its output where it fails. */
  run: (file: string, ...args: string[]) => Promise<string>;
  /** Whether a command succeeds. */
  succeeds: (file: string, ...args: string[]) => Promise<boolean>;
  with: (env: Record<string, string>) => Shell;
}

/** Makes a shell. */
export function createShell(options: ShellOptions): Shell {
  const { logFile, signal, env, cwd } = options;
  async function outcomeOf(file: string, args: string[]): Promise<{ code: number | null; output: string }> {
    appendFileSync(logFile, `\n$ ${file} ${args.join(' ')}\n`);
    const onOutput = (text: string): void => appendFileSync(logFile, text);
    return run({ file, args, env, cwd }, { signal, onOutput });
  }
  return {
    async run(file, ...args) {
      const { code, output } = await outcomeOf(file, args);
      if (code === 0) return output;
      const end = output.trim().split('\n').slice(-15).join('\n');
      throw new Error(`${file} ${args.join(' ')} ended with ${code}:\n${end}`);
    },
    async succeeds(file, ...args) {
      const outcome = await outcomeOf(file, args).catch(() => undefined);
      signal.throwIfAborted();
      return outcome?.code === 0;
    },
    with: (more) => createShell({ ...options, env: { ...env, ...more } }),
  };
}
