// The resident memory of a process.
import { readFileSync } from 'node:fs';

/** How much memory a process has resident, in MiB. @throws Error where there is no such process. */
export function residentMib(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1_024;
}
