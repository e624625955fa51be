// The disk backend: one LMDB environment a task, in the state folder of the application.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { open as openLmdb, type Database, type RootDatabase } from 'lmdb';
import type { CommittedState } from './committed-state.ts';
import { DiskState } from './disk-state.ts';
import { ExpiringDisk } from './expiring-disk.ts';
import { ExpiringState } from './expiring-state.ts';
import { damageOf } from './lmdb-file.ts';
import type { OpenExpiringOptions, OpenStateOptions, StateBackend } from './state-backend.ts';
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
  /** What stores were made of: the id of the changelog, and how long segments are. */
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

  /** The environment of a task, with one more user until that calls back. */
  function use(taskId: string): { environment: Environment; onClose: () => Promise<void> } {
    const environment = environments.get(taskId) ?? openEnvironment(taskId);
    environments.set(taskId, environment);
    environment.users++;
    const onClose = async (): Promise<void> => {
      if (--environment.users > 0) return;
      environments.delete(taskId);
      await environment.env.close();
    };
    return { environment, onClose };
  }

  async function open(options: OpenStateOptions): Promise<CommittedState> {
    const { environment, onClose } = use(options.taskId);
    const { env, meta } = environment;
    const state = new DiskState({ ...options, env, meta, onClose });
    await ofChangelog(state, environment, options);
    return state;
  }

  async function openExpiring(options: OpenExpiringOptions): Promise<ExpiringState> {
    const { environment, onClose } = use(options.taskId);
    const { env, meta } = environment;
    const { store, taskId, keys, format, segmentMs, runEntries } = options;
    const disk = new ExpiringDisk({ env, meta, store, taskId, onClose });
    const state = new ExpiringState({ keys, format, segmentMs, runEntries, disk });
    await ofChangelog(state, environment, options);
    return state;
  }

  /** Drops state that was made of another changelog (the topic was deleted, or this is another cluster), or of other segments. */
  async function ofChangelog(
    state: CommittedState,
    { origins }: Environment,
    { taskId, store, changelogId, segmentMs }: Omit<OpenStateOptions, 'format' | 'segmentsTogether'>,
  ): Promise<void> {
    const origin = `${changelogId} ${segmentMs}`;
    if (changelogId === undefined || origins.get(store) === origin) return;
    if (origins.get(store) !== undefined) {
      log(
        'warn',
        `store ${store} of task ${taskId} was made of another changelog topic, or with another retention; it is begun anew`,
      );
      await state.clear();
    }
    await origins.put(store, origin);
  }

  async function close(): Promise<void> {
    const left = [...environments.values()];
    environments.clear();
    await Promise.all(left.map(({ env }) => env.close()));
  }

  return { open, openExpiring, storedTasks: () => taskFolders(folder), close };
}

function create(path: string): Environment {
  mkdirSync(path, { recursive: true });
  const env: RootDatabase<unknown, string> = openLmdb({ path, maxDbs: 4096, noSubdir: false });
  const meta: Database<number, string> = env.openDB({ name: 'positions', encoding: 'json' });
  const origins: Database<string, string> = env.openDB({ name: 'changelogs', encoding: 'string' });
  return { env, meta, origins, users: 0 };
}
