// Fetching something once: into a temporary folder first, so that a half-done fetch is never taken for done.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheDir } from '../paths.ts';
import { identify } from '../process/identity.ts';

const partialDir = join(cacheDir, 'partial');

function removeStalePartials(): void {
  for (const name of readdirSync(partialDir)) {
    const pid = Number(name.split('-')[0]);
    if (!identify(pid)) rmSync(join(partialDir, name), { recursive: true, force: true });
  }
}

/**
 * Makes the folder `target` by running `make` on a temporary one and renaming it when done. Does nothing
 * where the folder is there already. Two processes that do it at once end with one of the two results.
 */
export async function fetchOnce(target: string, make: (folder: string) => Promise<void>): Promise<void> {
  if (existsSync(target)) return;
  mkdirSync(partialDir, { recursive: true });
  removeStalePartials();
  const folder = join(partialDir, `${process.pid}-${crypto.randomUUID()}`);
  mkdirSync(folder);
  try {
    await make(folder);
    mkdirSync(dirname(target), { recursive: true });
    renameSync(folder, target);
  } catch (error) {
    if (!existsSync(target)) throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
