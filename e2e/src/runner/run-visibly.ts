// Running a command whose output people watch.
import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '@activity/testbed/paths';
import { register, unregister } from '@activity/testbed/process/registry';
import { signalGroup } from '@activity/testbed/process/signal';

const bin = join(projectRoot, 'node_modules', '.bin');

/** How a command ended, with its output where it was held back. */
export interface Outcome {
  code: number;
  output: string;
}

/**
 * Runs a program of node_modules/.bin in the project's root. Its output goes to ours. What runs `beside`
 * another command gives way to that: it has a lower priority, and its output is returned at the end.
 */
export function runVisibly(command: string[], signal: AbortSignal, beside = false): Promise<Outcome> {
  const [name = '', ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(join(bin, name), args, {
      cwd: projectRoot,
      // The project's Node before the machine's, for whatever the program starts.
      env: { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, TURBO_TELEMETRY_DISABLED: '1' },
      stdio: ['ignore', beside ? 'pipe' : 'inherit', beside ? 'pipe' : 'inherit'],
      detached: true,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    const { pid } = child;
    if (pid !== undefined) register(name, pid);
    if (pid !== undefined && beside) setPriority(pid, constants.priority.PRIORITY_LOW);
    function interrupt(): void {
      if (pid !== undefined) signalGroup(pid, 'SIGTERM');
    }
    function finish(code: number): void {
      signal.removeEventListener('abort', interrupt);
      if (pid !== undefined) unregister(pid);
      resolve({ code, output });
    }
    child.once('error', () => finish(127));
    child.once('close', (code, by) => finish(code ?? 128 + (by ? constants.signals[by] : 0)));
    signal.addEventListener('abort', interrupt, { once: true });
  });
}
