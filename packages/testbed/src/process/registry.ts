// Registry of started processes: lets a later start end what a killed launcher left behind, and nothing else.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { cacheDir } from '../paths.ts';
import { isDiskFull } from './disk-full.ts';
import { identify, isAlive, self } from './identity.ts';
import { signalGroup } from './signal.ts';

const identity = z.object({ pid: z.number(), began: z.string() });
const entrySchema = z.object({ name: z.string(), at: z.number(), process: identity, owner: identity });
type Entry = z.infer<typeof entrySchema>;

// What is killed may still hold its ports and files for a moment; longer only where its disk does not return.
const killedMs = 5_000;

const root = join(cacheDir, 'processes');
/**
 * Tests of the launcher give theirs a folder below:
 * another test that runs beside them must not end their orphans.
 */
const registryDir = process.env['ACTIVITY_PROCESSES'] ?? root;
const own = new Set<number>();

function endOwn(): void {
  for (const pid of own) signalGroup(pid, 'SIGKILL');
}

function entryFile(pid: number): string {
  return join(registryDir, `${pid}.json`);
}

/** Notes that this process started `pid`. Whatever is still noted when this process exits is killed. */
export function register(name: string, pid: number): void {
  if (own.size === 0) process.once('exit', endOwn);
  own.add(pid);
  const started = identify(pid);
  if (!started) return;
  const entry: Entry = { name, at: Date.now(), process: started, owner: self() };
  try {
    mkdirSync(registryDir, { recursive: true });
    writeFileSync(entryFile(pid), JSON.stringify(entry));
  } catch (error) {
    // Only a launcher that is killed would need the entry.
    if (!isDiskFull(error)) throw error;
  }
}

/** Takes back {@link register}, once the process has ended. */
export function unregister(pid: number): void {
  own.delete(pid);
  if (own.size === 0) process.removeListener('exit', endOwn);
  rmSync(entryFile(pid), { force: true });
}

function readEntry(file: string): Entry | undefined {
  try {
    return entrySchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

function entries(folder: string): { file: string; entry: Entry | undefined }[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => {
        const file = join(folder, name);
        return { file, entry: readEntry(file) };
      });
  } catch {
    return [];
  }
}

/**
 * Makes a registry of its own for a test:
 * the value of ACTIVITY_PROCESSES for the processes that the test starts.
 */
export function ownRegistry(): string {
  mkdirSync(root, { recursive: true });
  return mkdtempSync(join(root, 'own-'));
}

/** All registries of this checkout, those of tests too. */
export function registries(): string[] {
  const folders = existsSync(root) ? readdirSync(root, { withFileTypes: true }) : [];
  return [root, ...folders.filter((one) => one.isDirectory()).map(({ name }) => join(root, name))];
}

async function end(entry: Entry, graceMs: number): Promise<void> {
  signalGroup(entry.process.pid, 'SIGTERM');
  for (let waited = 0; waited < graceMs && isAlive(entry.process); waited += 100) await sleep(100);
  if (!isAlive(entry.process)) return;
  signalGroup(entry.process.pid, 'SIGKILL');
  for (let waited = 0; waited < killedMs && isAlive(entry.process); waited += 20) await sleep(20);
}

/**
 * Ends processes whose owner was killed before it could: asks with SIGTERM, forces after `graceMs`. The last
 * that was started goes first, as it may need the others to end in order.
 * Never touches a process whose owner still runs or whose pid has passed to another.
 *
 * @returns the names of what was ended.
 */
export async function endOrphans(graceMs = 10_000, registry = registryDir): Promise<string[]> {
  const ended: string[] = [];
  const oldestLast = entries(registry).toSorted((a, b) => (b.entry?.at ?? 0) - (a.entry?.at ?? 0));
  for (const { file, entry } of oldestLast) {
    if (entry && isAlive(entry.owner)) continue;
    if (entry && isAlive(entry.process)) {
      await end(entry, graceMs);
      ended.push(`${entry.name} (pid ${entry.process.pid})`);
    }
    rmSync(file, { force: true });
  }
  return ended;
}
