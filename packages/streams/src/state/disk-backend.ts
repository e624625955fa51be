// The disk backend: one LMDB environment a task, in the state folder of the application.
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RetriableError } from '../api/errors.ts';
import type { Checkpoint, Checkpoints } from './checkpoint.ts';
import type { CommittedState } from './committed-state.ts';
import { DiskState } from './disk-state.ts';
import { ExpiringDisk } from './expiring-disk.ts';
import { ExpiringState } from './expiring-state.ts';
import { loadLmdb, type Database, type Lmdb, type RootDatabase } from './lmdb.ts';
import { damageOf } from './lmdb-file.ts';
import type { OpenExpiringOptions, OpenStateOptions, StateBackend } from './state-backend.ts';
import { moveAside, taskFolders } from './state-folder.ts';
import { takeTaskLock } from './task-lock.ts';
import { removeUnused } from './unused-state.ts';

/** What the backend is opened with. */
export interface DiskBackendOptions {
  /** A folder that `openStateFolder` has locked for this process. */
  folder: string;
  log: (level: 'info' | 'warn', message: string) => void;
  /** How long state that nobody uses stays, in milliseconds; undefined: for ever. */
  cleanupDelayMs?: number | undefined;
  /**
   * Whether the folder is still locked for this process. Nothing is written once it is not.
   * @default () => true
   */
  isHeld?: () => boolean;
  /**
   * The time of day in epoch milliseconds.
   * @default Date.now
   */
  now?: () => number;
}

interface Environment {
  env: RootDatabase;
  checkpoints: Checkpoints;
  /** What stores were made of: the changelog's id, the kind, the formats, and how long segments are. */
  origins: Database<string, string>;
  users: number;
  unlock: () => void;
}

/** Opens stores on disk. State that is damaged is moved aside and restored. */
export function diskBackend({
  folder,
  log,
  cleanupDelayMs,
  isHeld = () => true,
  now = Date.now,
}: DiskBackendOptions): StateBackend {
  mkdirSync(folder, { recursive: true });
  let cleaning: Promise<void> | undefined;
  const cleanup =
    cleanupDelayMs === undefined
      ? undefined
      : setInterval(() => {
          if (!isHeld()) return;
          cleaning ??= removeUnused({ folder, delayMs: cleanupDelayMs, now, log })
            .catch((error: unknown) => {
              log('warn', `looking for state that nobody uses failed: ${String(error)}; it is tried again`);
            })
            .finally(() => (cleaning = undefined));
        }, cleanupDelayMs).unref();
  const environments = new Map<string, Promise<Environment>>();

  async function openEnvironment(taskId: string): Promise<Environment> {
    const path = join(folder, taskId);
    const lmdb = await loadLmdb();
    const unlock = await takeTaskLock(resolve(path));
    if (!unlock) {
      const message = `task ${taskId} is still open in another thread of this process; waiting for it`;
      throw new RetriableError('STATE_LOCKED', message, { taskId });
    }
    try {
      return { ...openAt(lmdb, taskId, path), unlock };
    } catch (error) {
      unlock();
      throw error;
    }
  }

  function openAt(lmdb: Lmdb, taskId: string, path: string): Omit<Environment, 'unlock'> {
    const damage = damageOf(join(path, 'data.mdb'));
    if (damage !== undefined) moveAside(folder, taskId, damage, log);
    try {
      return create(lmdb, path);
    } catch (error) {
      if (!existsSync(path)) throw error;
      moveAside(folder, taskId, error instanceof Error ? error.message : String(error), log);
      return create(lmdb, path);
    }
  }

  /** The environment of a task, with one more user until that calls back. */
  async function use(taskId: string): Promise<{ environment: Environment; onClose: () => Promise<void> }> {
    const opening = environments.get(taskId) ?? openEnvironment(taskId);
    environments.set(taskId, opening);
    const environment = await opening.catch((error: unknown) => {
      if (environments.get(taskId) === opening) environments.delete(taskId);
      throw error;
    });
    environment.users++;
    const onClose = async (): Promise<void> => {
      if (--environment.users > 0) return;
      environments.delete(taskId);
      await closeEnvironment(environment);
    };
    return { environment, onClose };
  }

  async function open(options: OpenStateOptions): Promise<CommittedState> {
    const { environment, onClose } = await use(options.taskId);
    const { env, checkpoints } = environment;
    const state = new DiskState({ ...options, env, checkpoints, now, isHeld, onClose });
    await checkOrigin(state, environment, options);
    return state;
  }

  async function openExpiring(options: OpenExpiringOptions): Promise<ExpiringState> {
    const { environment, onClose } = await use(options.taskId);
    const { env, checkpoints } = environment;
    const { store, taskId, prefixLength } = options;
    const prefixes = prefixLength !== undefined;
    const disk = new ExpiringDisk({ env, checkpoints, store, taskId, prefixes, now, isHeld, onClose });
    const state = new ExpiringState({ ...options, disk });
    await checkOrigin(state, environment, { ...options, kind: 'expiring' });
    return state;
  }

  /**
   * Drops state of another changelog (the topic was deleted, or this is another cluster), kind, format or
   * segments, and state that is too old to be brought up to date.
   */
  async function checkOrigin(
    state: CommittedState,
    { origins }: Environment,
    options: Omit<OpenStateOptions, 'segmentsTogether'>,
  ): Promise<void> {
    const { taskId, store, changelogId, kind, keys, format, segmentMs, maxAgeMs = Infinity } = options;
    const origin = [changelogId ?? 'no changelog', kind, keys, format, segmentMs].join(' ');
    const found = origins.get(store);
    const age = state.flushedAt === undefined ? 0 : now() - state.flushedAt;
    // Of state that is from the future nobody knows how old it is: the clock was wrong, then or now.
    if (found === origin && Math.abs(age) > maxAgeMs) {
      const hours = (Math.abs(age) / 3_600_000).toFixed(1);
      const when =
        age > 0 ? 'ago, longer than its changelog keeps deletions' : 'ahead of the clock as it is now';
      log('info', `store ${store} of task ${taskId} was written ${hours} h ${when}; it is restored`);
      await state.clear();
    }
    if (found === origin) return;
    if (found !== undefined) {
      log(
        'warn',
        `store ${store} of task ${taskId} is of another changelog topic, kind, serde format or retention; it is restored`,
      );
      await state.clear();
    }
    await origins.put(store, origin);
  }

  async function close(): Promise<void> {
    clearInterval(cleanup);
    await cleaning;
    const left = await Promise.allSettled(environments.values());
    environments.clear();
    await Promise.all(left.flatMap((one) => (one.status === 'fulfilled' ? closeEnvironment(one.value) : [])));
  }

  return { open, openExpiring, storedTasks: () => taskFolders(folder), close };
}

/** LMDB waits without end for a flush that a failed commit has taken with it. */
const closeMs = 2000;

async function closeEnvironment({ env, unlock }: Environment): Promise<void> {
  const abort = new AbortController();
  await Promise.race([env.close(), sleep(closeMs, undefined, { signal: abort.signal }).catch(() => {})]);
  abort.abort();
  unlock();
}

function create(lmdb: Lmdb, path: string): Omit<Environment, 'unlock'> {
  mkdirSync(path, { recursive: true });
  const env: RootDatabase = lmdb.open({
    path,
    maxDbs: 4096,
    noSubdir: false,
    // A batch of LMDB's own has a promise that nobody can wait for:
    // where the disk is full, it ends the process.
    eventTurnBatching: false,
  });
  const checkpoints: Checkpoints = env.openDB<Checkpoint, string>({ name: 'checkpoints', encoding: 'json' });
  const origins: Database<string, string> = env.openDB({ name: 'changelogs', encoding: 'string' });
  return { env, checkpoints, origins, users: 0 };
}
