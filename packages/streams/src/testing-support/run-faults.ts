// What happens to an instance during a run, and to bring it back.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from './counts-run.ts';

/**
 * `kill`: SIGKILL. `stop`: SIGSTOP past the session, then SIGCONT. `stallThread`: one of its threads stands
 * still past the session. `fillDisk`: no room for its state for ten seconds. `setClockBack`: it is an hour
 * earlier than before. `killAsOneJoins`: SIGKILL while it gives tasks up to an instance that starts.
 */
export type RunFault = 'kill' | 'stop' | 'stallThread' | 'fillDisk' | 'setClockBack' | 'killAsOneJoins';

/** An instance that something happens to. */
export interface Instance {
  /** The process that runs now. */
  app: App;
  /** Its state folder; on a disk of its own for `fillDisk`. */
  readonly folder: string;
  /** See `stall` of the topology. */
  readonly stallFile: string;
  start(): App;
  /** Starts one more instance. */
  join(): App;
  /** From 0 to below 1, by the seed of the run. */
  random(): number;
}

/** Longer than the session of the applications in these runs. */
export const pastSessionMs: number = 8_000;
const fullForMs = 10_000;
/** A group has given tasks up and has its members again by this time after an instance has started. */
const joiningMs = 2_500;

async function until(check: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 120_000;
  while (!check()) {
    if (performance.now() > end) throw new Error(`waited 120 s for ${what}`);
    await sleep(20);
  }
}

function hasEnded({ child, state }: App): boolean {
  return child.exitCode !== null || child.signalCode !== null || state === 'ERROR';
}

async function restart(instance: Instance): Promise<void> {
  await instance.app.end('SIGKILL');
  instance.app = instance.start();
}

/** Starts an instance again until it runs, as what supervises processes does. */
async function untilRunning(instance: Instance, what: string): Promise<void> {
  for (;;) {
    await until(() => instance.app.state === 'RUNNING' || hasEnded(instance.app), what);
    if (!hasEnded(instance.app)) return;
    await restart(instance);
  }
}

async function fillDisk(instance: Instance): Promise<void> {
  const file = join(instance.folder, 'filling');
  // In small pieces, so that no room is left at all.
  spawnSync('dd', ['if=/dev/zero', `of=${file}`, 'bs=4096']);
  const end = performance.now() + fullForMs;
  let failures = 0;
  while (performance.now() < end) {
    if (hasEnded(instance.app)) {
      failures++;
      await restart(instance);
    }
    await sleep(200);
  }
  rmSync(file);
  if (failures === 0) throw new Error('the disk was full for ten seconds, and the instance did not notice');
  await untilRunning(instance, 'the instance to run when there is room again');
}

/** What does it. Resolves when the instance is on its way again. */
export const faults: { [fault in RunFault]: (instance: Instance) => Promise<void> } = {
  kill: restart,
  async stop({ app }) {
    app.child.kill('SIGSTOP');
    await sleep(pastSessionMs);
    app.child.kill('SIGCONT');
  },
  async stallThread({ stallFile }) {
    writeFileSync(stallFile, '');
    await until(() => !existsSync(stallFile), 'a thread to stand still');
    await sleep(pastSessionMs);
  },
  fillDisk,
  async setClockBack(instance) {
    await restart(instance);
    await untilRunning(instance, 'the instance to run');
    instance.app.child.kill('SIGUSR2');
    await sleep(1000);
  },
  async killAsOneJoins(instance) {
    const newcomer = instance.join();
    try {
      await sleep(instance.random() * joiningMs);
      await restart(instance);
      await untilRunning(instance, 'the instance to run');
      await until(() => newcomer.state === 'RUNNING', 'the newcomer to run');
    } finally {
      await newcomer.end('SIGTERM');
    }
  },
};

/**
 * A disk of its own of `megabytes` megabytes at a folder;
 * undefined where this machine does not let us mount one.
 */
export function mountDisk(folder: string, megabytes: number): Disposable | undefined {
  const options = ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder];
  if (spawnSync('mount', options).status !== 0) return undefined;
  return { [Symbol.dispose]: () => void spawnSync('umount', ['-l', folder]) };
}
