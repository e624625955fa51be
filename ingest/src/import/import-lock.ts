// One import of a file at a time: two would write one state and one file of rejects.
import { readFileSync, rmSync } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { cannotKeep } from './state-file.ts';

/**
 * When a process began, so that a later one with its number is not taken for it; '' where nothing says it.
 */
function beganAt(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything; the start is the 20th field behind it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function isRunning(pid: number, began: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return beganAt(pid) === began;
}

const held = new Set<string>();

function releaseAll(): void {
  for (const file of held) rmSync(file, { force: true });
}

/**
 * Takes the lock file of a state. Returns the process that has it, or undefined where it was taken. The lock
 * of a process that was killed, or that runs on another machine, is taken away. It is given back when the
 * process ends.
 *
 * @throws Error that says what to do where the file cannot be written
 */
export async function takeLock(stateFile: string): Promise<number | undefined> {
  const file = lockOf(stateFile);
  for (;;) {
    try {
      const handle = await open(file, 'wx', 0o600);
      await handle.writeFile(`${process.pid} ${beganAt(process.pid)}\n`);
      await handle.close();
      if (held.size === 0) process.once('exit', releaseAll);
      held.add(file);
      return undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw cannotKeep(stateFile, error);
    }
    const [pid = '', began = ''] = (await readFile(file, 'utf8').catch(() => '')).trim().split(' ');
    if (/^\d+$/.test(pid) && isRunning(Number(pid), began)) return Number(pid);
    await rm(file, { force: true });
  }
}

/** Gives the lock back. */
export async function releaseLock(stateFile: string): Promise<void> {
  const file = lockOf(stateFile);
  await rm(file, { force: true });
  held.delete(file);
  if (held.size === 0) process.off('exit', releaseAll);
}

function lockOf(stateFile: string): string {
  return `${stateFile}.lock`;
}
