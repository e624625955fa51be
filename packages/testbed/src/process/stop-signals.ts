// Signals that ask the launcher to stop: the first in order, the second at once.

// One Ctrl-C arrives several times within milliseconds: from the terminal, from npm, from the bootstrap.
const sameMs = 250;

/**
 * Calls `stop` at the first SIGINT, SIGTERM or SIGHUP, or when the bootstrap that started this process is
 * gone; calls `force` at the second.
 */
export function onStopSignals(stop: (why: string) => void, force: (why: string) => void): void {
  let first: number | undefined;
  function ask(why: string): void {
    if (first === undefined) {
      first = Date.now();
      stop(why);
    } else if (Date.now() - first > sameMs) {
      force(why);
    }
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => ask(signal));
  if (process.connected) {
    process.once('disconnect', () => ask('the shell is gone'));
    // Waiting for that must not keep the process alive.
    process.channel?.unref();
  }
}
