// The state folder of an application: one process at a time, and only that application's state.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FatalError } from '../api/errors.ts';
import { lockFolder, type FolderLock } from './folder-lock.ts';
import { loadLmdb } from './lmdb.ts';

/** What a folder is opened with. */
export interface StateFolderOptions {
  /** The folder; made if missing. */
  folder: string;
  /** Whose state it is: that of another application, or of another format, is moved aside. */
  applicationId: string;
  log: (level: 'info' | 'warn', message: string) => void;
}

/** Raised when the way state is written changes. */
const formatVersion = 4;

/** The folders of tasks in a state folder. */
export function taskFolders(folder: string): string[] {
  return readdirSync(folder).filter((name) => /^\d+_\d+$/.test(name));
}

/** Whether that may be removed once nobody uses it: a task's folder, or one that was moved aside. */
export function isUnusedName(name: string): boolean {
  return /^\d+_\d+(\.aside-\d+)?$/.test(name);
}

/** Moves a task's state out of the way, and says so. It can be deleted; it is never read again. */
export function moveAside(folder: string, taskId: string, why: string, log: StateFolderOptions['log']): void {
  const aside = `${taskId}.aside-${Date.now()}`;
  renameSync(join(folder, taskId), join(folder, aside));
  log('warn', `state of task ${taskId} was moved to ${aside} (${why}); it is rebuilt from its changelogs`);
}

/**
 * Locks a folder for this process and moves foreign state aside.
 * @throws FatalError with STATE_LOCKED where another process uses the folder, with CONFIGURATION_INVALID
 * where lmdb is not installed.
 */
export async function openStateFolder({
  folder,
  applicationId,
  log,
}: StateFolderOptions): Promise<FolderLock> {
  await loadLmdb();
  mkdirSync(folder, { recursive: true });
  const lock = await lockFolder(folder);
  const file = join(folder, 'state.json');
  const mine = JSON.stringify({ applicationId, formatVersion });
  const theirs = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  if (theirs !== undefined && theirs !== mine) {
    for (const taskId of taskFolders(folder)) moveAside(folder, taskId, `it belongs to ${theirs}`, log);
  }
  if (theirs !== mine) writeFileSync(file, mine);
  return lock;
}

/** The instance id that belongs to a folder: made once, then kept with the state. */
export function instanceIdOf(folder: string, make: () => string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'instance-id');
  const id = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  // A disk that was full may have taken the file and nothing in it.
  if (id !== '') {
    if (/^[a-zA-Z0-9._-]{1,200}$/.test(id)) return id;
    throw new FatalError('STATE_DAMAGED', `${file} holds no usable instance id; delete it`);
  }
  const made = make();
  writeFileSync(file, made);
  return made;
}
