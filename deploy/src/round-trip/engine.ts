// A Docker engine: the one that answers, else one of our own,
// with its data in .cache and gone when the test is.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Shell } from './shell.ts';

/** An engine that answers. */
export interface Engine {
  /** What has to be in the environment of `docker`. */
  env: Record<string, string>;
  /** Whether it is ours alone, so that images may be called what we like. */
  own: boolean;
  /** Ends it, where it is our own. */
  stop: () => Promise<void>;
}

const install = 'apt-get install --no-install-recommends docker.io iptables mmdebstrap';

/**
 * Finds an engine or starts one. `ending` runs what is left to do when the test has been asked to end.
 *
 * @throws Error that says what to install.
 */
export async function findEngine(shell: Shell, ending: Shell, folder: string): Promise<Engine> {
  if (!(await shell.succeeds('docker', '--version'))) {
    throw new Error(`docker is missing: install Docker, or, as root on Debian, ${install}`);
  }
  if (await shell.succeeds('docker', 'version', '--format', '{{.Server.Version}}')) {
    return { env: {}, own: false, stop: () => Promise.resolve() };
  }
  if (process.getuid?.() !== 0 || !(await shell.succeeds('dockerd', '--version'))) {
    throw new Error(`no Docker engine answers: start one, or, as root on Debian, ${install}`);
  }
  return startEngine(shell, ending, folder);
}

async function startEngine(shell: Shell, ending: Shell, folder: string): Promise<Engine> {
  mkdirSync(folder, { recursive: true });
  // Its own socket, which nobody else finds, in a folder whose path is short enough for one.
  const sockets = mkdtempSync(join(tmpdir(), 'activity-engine-'));
  const host = `unix://${join(sockets, 'docker.sock')}`;
  const places = {
    '--data-root': join(folder, 'data'),
    '--exec-root': sockets,
    '--pidfile': join(sockets, 'pid'),
  };
  const args = Object.entries(places).flat();
  const logFile = `${folder}.log`;
  const log = openSync(logFile, 'w');
  const child = spawn('dockerd', [...args, '--host', host, '--storage-driver', 'overlay2'], {
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const own = shell.with({ DOCKER_HOST: host });
  async function stop(): Promise<void> {
    child.kill('SIGTERM');
    await Promise.race([ended, sleep(30_000, undefined, { ref: false })]);
    child.kill('SIGKILL');
    // dockerd leaves this mounted.
    await ending.succeeds('umount', join(sockets, 'netns', 'default'));
    for (const left of [folder, sockets]) rmSync(left, { recursive: true, force: true });
  }
  const deadline = Date.now() + 60_000;
  while (!(await own.succeeds('docker', 'version', '--format', '{{.Server.Version}}'))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`dockerd does not come up: see ${logFile}`);
    }
    await sleep(300);
  }
  return { env: { DOCKER_HOST: host }, own: true, stop };
}
