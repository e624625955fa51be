// Ends a process of a test in order.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** How long a process may take to end by itself, in milliseconds. */
const graceMs = 15_000;

/**
 * Stops a process with SIGTERM, with SIGKILL after 15 s. Returns its exit code; null where a signal ended it.
 */
export async function endProcess(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await once(child, 'exit');
  clearTimeout(hard);
  return child.exitCode;
}
