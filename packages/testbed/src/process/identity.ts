// Identity of a process: its pid and when it began, so that a recycled pid is never taken for it.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** A pid with the moment it began, in whatever words the system has for it. */
export interface ProcessIdentity {
  pid: number;
  began: string;
}

function fromProc(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the command in parentheses and may hold spaces; the state and the rest follow it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // The first thread may be a zombie while others still end:
  // the ports are free once the last of them is gone.
  if (fields[0] === 'Z' && readdirSync(`/proc/${pid}/task`).length <= 1) return undefined;
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return `${boot}/${fields[19]}`;
}

function fromPs(pid: number): string | undefined {
  const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  return line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '');
}

/** The identity of a running process; undefined where none runs under that pid (a zombie does not run). */
export function identify(pid: number): ProcessIdentity | undefined {
  try {
    const began = process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
    return began === undefined ? undefined : { pid, began };
  } catch {
    return undefined;
  }
}

/** Whether exactly this process, and not a later one with its pid, still runs. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.began === identity.began;
}

/** The identity of the process that runs this. */
export function self(): ProcessIdentity {
  return identify(process.pid) ?? { pid: process.pid, began: 'unknown' };
}
