// The disk backend: a folder of state, one LMDB environment a task, held by one process at a time.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { open as openLmdb, type Database, type RootDatabase } from 'lmdb';
import { FatalError } from '../errors.ts';
import type { CommittedState, OpenStateOptions, StateBackend } from './committed-state.ts';
import { DiskState } from './disk-state.ts';
import { lockFolder, type FolderLock } from './folder-lock.ts';
import { damageOf } from './lmdb-file.ts';

/** What the backend is opened with. */
export interface DiskBackendOptions {
  /** The folder; made if missing. */
  folder: string;
  /** Whose state it is: a folder of another application is moved aside. */
  applicationId: string;
  log: (level: 'info' | 'warn', message: string) => void;
}

interface Environment {
  env: RootDatabase<unknown, string>;
  meta: Database<number, string>;
  users: number;
}

/** Raised when the way state is written changes. */
const formatVersion = 1;
const taskFolder = /^\d+_\d+$/;

/**
 * Opens a folder of state.
 * @throws FatalError with STATE_LOCKED where another process uses the folder.
 */
export function diskBackend({ folder, applicationId, log }: DiskBackendOptions): StateBackend {
  mkdirSync(folder, { recursive: true });
  const lock: FolderLock = lockFolder(folder);
  const environments = new Map<string, Environment>();
  claim();

  function claim(): void {
    const file = join(folder, 'state.json');
    const mine = JSON.stringify({ applicationId, formatVersion });
    const theirs = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    if (theirs !== undefined && theirs !== mine) {
      for (const name of taskFolders()) moveAside(name, `it belongs to ${theirs}`);
    }
    if (theirs !== mine) writeFileSync(file, mine);
  }

  function taskFolders(): string[] {
    return readdirSync(folder).filter((name) => taskFolder.test(name));
  }

  function moveAside(taskId: string, why: string): void {
    const aside = `${taskId}.aside-${Date.now()}`;
    renameSync(join(folder, taskId), join(folder, aside));
    log('warn', `state of task ${taskId} was moved to ${aside} (${why}); it is rebuilt from its changelogs`);
  }

  function openEnvironment(taskId: string): Environment {
    const path = join(folder, taskId);
    const broken = damageOf(join(path, 'data.mdb'));
    if (broken !== undefined) moveAside(taskId, broken);
    try {
      return create(path);
    } catch (error) {
      if (!existsSync(path)) throw error;
      moveAside(taskId, error instanceof Error ? error.message : String(error));
      return create(path);
    }
  }

  function create(path: string): Environment {
    mkdirSync(path, { recursive: true });
    const env: RootDatabase<unknown, string> = openLmdb({ path, maxDbs: 4096, noSubdir: false });
    const meta: Database<number, string> = env.openDB({ name: 'positions', encoding: 'json' });
    return { env, meta, users: 0 };
  }

  async function open(options: OpenStateOptions): Promise<CommittedState> {
    const { taskId } = options;
    let environment = environments.get(taskId);
    if (!environment) environments.set(taskId, (environment = openEnvironment(taskId)));
    const { env, meta } = environment;
    environment.users++;
    const onClose = async (): Promise<void> => {
      if (--environment.users > 0) return;
      environments.delete(taskId);
      await env.close();
    };
    return new DiskState({ ...options, env, meta, onClose });
  }

  async function close(): Promise<void> {
    const left = [...environments.values()];
    environments.clear();
    await Promise.all(left.map(({ env }) => env.close()));
    lock.release();
  }

  return { open, storedTasks: taskFolders, close };
}

/** The instance id that belongs to a folder: made once, then kept with the state. */
export function instanceIdOf(folder: string, make: () => string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'instance-id');
  if (existsSync(file)) {
    const id = readFileSync(file, 'utf8').trim();
    if (/^[a-zA-Z0-9._-]{1,200}$/.test(id)) return id;
    throw new FatalError('STATE_DAMAGED', `${file} holds no usable instance id; delete it`);
  }
  const id = make();
  writeFileSync(file, id);
  return id;
}
