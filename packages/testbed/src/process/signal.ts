// Sending signals to a part's whole process group.

/** Signals the group that `pid` leads; false where nothing is left to signal. */
export function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}
