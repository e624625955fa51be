// The CPU time of processes, from /proc.
import { readFileSync } from 'node:fs';

/** The kernel counts a process's time in hundredths of a second, on every architecture that Node runs on. */
const microsecondsPerTick = 10_000;

/** The microseconds of CPU that a line of /proc/PID/stat counts, in user and kernel mode, of all threads. */
export function microsecondsOf(stat: string): number {
  // The second field is the command in parentheses, which may hold blanks and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  if (!Number.isFinite(ticks)) throw new Error(`reading CPU time: not a line of /proc/PID/stat: ${stat}`);
  return ticks * microsecondsPerTick;
}

/** The microseconds of CPU that each process has used so far. @throws Error where one does not run */
export function cpuOf<Name extends string>(pids: Readonly<Record<Name, number>>): Record<Name, number> {
  const entries = Object.entries<number>(pids).map(([name, pid]) => [
    name,
    microsecondsOf(readFileSync(`/proc/${pid}/stat`, 'utf8')),
  ]);
  return Object.fromEntries(entries) as Record<Name, number>;
}

/** What each process has used between two readings, divided by `count`: microseconds an event. */
export function perEvent<Name extends string>(
  before: Readonly<Record<Name, number>>,
  after: Readonly<Record<Name, number>>,
  count: number,
): Record<Name, number> {
  const names = Object.keys(before) as Name[];
  const entries = names.map((name) => [name, (after[name] - before[name]) / count]);
  return Object.fromEntries(entries) as Record<Name, number>;
}
