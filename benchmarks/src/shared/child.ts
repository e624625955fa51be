// Scripts and programs that a benchmark runs as processes of their own. None of them outlives it.
import { spawn, type ChildProcess, type ChildProcessByStdio, type SpawnOptions } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { register, unregister } from '@activity/testbed/process/registry';
import { signalGroup } from '@activity/testbed/process/signal';

/** A script that runs. */
export type Child = ChildProcessByStdio<Writable, Readable, null>;

const running = new Set<number>();

/** Starts a script under this process's Node; what it writes to standard error is shown. */
export function startChild(script: string, args: readonly string[], env: Record<string, string> = {}): Child {
  return own(script, spawn(process.execPath, [...flags, script, ...args], optionsOf(env, 'pipe')) as Child);
}

/** Starts a program, of whatever language. */
export function startProgram(file: string, args: readonly string[], env: Record<string, string> = {}): Child {
  return own(file, spawn(file, args, optionsOf(env, 'pipe')) as Child);
}

/** The same as `startChild` for one whose output nobody reads. */
export function startSilently(script: string, env: Record<string, string>): ChildProcess {
  return own(script, spawn(process.execPath, [...flags, script], optionsOf(env, 'ignore')));
}

// kafkajs sets timers to negative times.
const flags = ['--disable-warning=TimeoutNegativeWarning'];

function optionsOf(env: Record<string, string>, output: 'pipe' | 'ignore'): SpawnOptions {
  return { env: { ...process.env, ...env }, stdio: [output, output, 'inherit'], detached: true };
}

function own<Started extends ChildProcess>(script: string, child: Started): Started {
  const { pid } = child;
  if (pid === undefined) return child;
  register(script, pid);
  running.add(pid);
  child.once('exit', () => {
    unregister(pid);
    running.delete(pid);
  });
  return child;
}

/** Kills those that run, for a benchmark that is stopped. */
export function killChildren(): void {
  for (const pid of running) signalGroup(pid, 'SIGKILL');
}
