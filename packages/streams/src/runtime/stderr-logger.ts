// The log of an application that has no logger: errors go to stderr, nothing else goes anywhere.
import { inspect } from 'node:util';

/** Writes lines of the level `error` to stderr. */
export function stderrLogger(
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  details?: object,
): void {
  if (level !== 'error') return;
  process.stderr.write(`${message}${details ? ` ${inspect(details)}` : ''}\n`);
}
