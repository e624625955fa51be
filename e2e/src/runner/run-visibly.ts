// Running a command whose output people watch.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '@activity/testbed/paths';
import { register, unregister } from '@activity/testbed/process/registry';
import { signalGroup } from '@activity/testbed/process/signal';

const bin = join(projectRoot, 'node_modules', '.bin');

/** Runs a program of node_modules/.bin in the project's root. Resolves with its exit code. */
export function runVisibly(command: string[], signal: AbortSignal): Promise<number> {
  const [name = '', ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(join(bin, name), args, {
      cwd: projectRoot,
      // The project's Node before the machine's, for whatever the program starts.
      env: { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}` },
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: true,
    });
    const { pid } = child;
    if (pid !== undefined) register(name, pid);
    function interrupt(): void {
      if (pid !== undefined) signalGroup(pid, 'SIGTERM');
    }
    function finish(code: number): void {
      signal.removeEventListener('abort', interrupt);
      if (pid !== undefined) unregister(pid);
      resolve(code);
    }
    child.once('error', () => finish(127));
    child.once('close', (code, by) => finish(code ?? 128 + (by ? constants.signals[by] : 0)));
    signal.addEventListener('abort', interrupt, { once: true });
  });
}
