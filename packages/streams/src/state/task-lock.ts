// The lock of a task's folder across the threads of a process: a thread that has lost a task and does not
// know it yet must not write to it while another thread runs it. The folder's own lock is for processes.
import { locks } from 'node:worker_threads';

/** Takes a lock; undefined where another has it. It ends with the thread that holds it, however that ends. */
export function takeTaskLock(path: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    locks
      .request(`activity/streams ${path}`, { ifAvailable: true }, (lock) => {
        if (lock) return new Promise<void>((release) => resolve(release));
        resolve(undefined);
        return undefined;
      })
      .catch(reject);
  });
}
