// The disk backend: one LMDB environment a task, in the state folder of the application.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { open as openLmdb, type Database, type RootDatabase } from 'lmdb';
import type { CommittedState, OpenStateOptions, StateBackend } from './committed-state.ts';
import { DiskState } from './disk-state.ts';
import { damageOf } from './lmdb-file.ts';
import { moveAside, taskFolders } from './state-folder.ts';

/** What the backend is opened with. */
export interface DiskBackendOptions {
  /** A folder that `openStateFolder` has locked for this process. */
  folder: string;
  log: (level: 'info' | 'warn', message: string) => void;
}

interface Environment {
  env: RootDatabase<unknown, string>;
  meta: Database<number, string>;
  /** The ids of the changelogs that stores were made of. */
  origins: Database<string, string>;
  users: number;
}

/** Opens stores on disk. State that is damaged is moved aside and begun anew. */
export function diskBackend({ folder, log }: DiskBackendOptions): StateBackend {
  mkdirSync(folder, { recursive: true });
  const environments = new Map<string, Environment>();

  function openEnvironment(taskId: string): Environment {
    const path = join(folder, taskId);
    const damage = damageOf(join(path, 'data.mdb'));
    if (damage !== undefined) moveAside(folder, taskId, damage, log);
    try {
      return create(path);
    } catch (error) {
      if (!existsSync(path)) throw error;
      moveAside(folder, taskId, error instanceof Error ? error.message : String(error), log);
      return create(path);
    }
  }

  async function open(options: OpenStateOptions): Promise<CommittedState> {
    const { taskId } = options;
    let environment = environments.get(taskId);
    if (!environment) environments.set(taskId, (environment = openEnvironment(taskId)));
    const opened = environment;
    opened.users++;
    const onClose = async (): Promise<void> => {
      if (--opened.users > 0) return;
      environments.delete(taskId);
      await opened.env.close();
    };
    const state = new DiskState({ ...options, env: opened.env, meta: opened.meta, onClose });
    await ofChangelog(state, opened, options);
    return state;
  }

  /** Drops state that was made of another changelog: the topic was deleted, or this is another cluster. */
  async function ofChangelog(
    state: DiskState,
    { origins }: Environment,
    { taskId, store, changelogId }: OpenStateOptions,
  ): Promise<void> {
    if (changelogId === undefined || origins.get(store) === changelogId) return;
    if (origins.get(store) !== undefined) {
      log('warn', `store ${store} of task ${taskId} was made of another changelog topic; it is begun anew`);
      await state.clear();
    }
    await origins.put(store, changelogId);
  }

  async function close(): Promise<void> {
    const left = [...environments.values()];
    environments.clear();
    await Promise.all(left.map(({ env }) => env.close()));
  }

  return { open, storedTasks: () => taskFolders(folder), close };
}

function create(path: string): Environment {
  mkdirSync(path, { recursive: true });
  const env: RootDatabase<unknown, string> = openLmdb({ path, maxDbs: 4096, noSubdir: false });
  const meta: Database<number, string> = env.openDB({ name: 'positions', encoding: 'json' });
  const origins: Database<string, string> = env.openDB({ name: 'changelogs', encoding: 'string' });
  return { env, meta, origins, users: 0 };
}
