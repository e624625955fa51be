// lmdb, an optional dependency: it is loaded when state is to be on disk, and not before.
import type * as lmdb from 'lmdb';
import { FatalError } from '../api/errors.ts';

/** The exports of lmdb. */
export type Lmdb = typeof lmdb;

/**
 * Loads lmdb.
 * @throws FatalError `CONFIGURATION_INVALID` with the remedy where lmdb is not installed, or has no build for
 * this platform.
 */
export async function loadLmdb(load: () => Promise<Lmdb> = () => import('lmdb')): Promise<Lmdb> {
  try {
    return await load();
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    const message =
      `stateDir needs the package lmdb, which could not be loaded (${reason}): run \`npm install lmdb\`, ` +
      'or leave stateDir out and keep state in memory, which is restored from the changelogs at every start';
    throw new FatalError('CONFIGURATION_INVALID', message, { cause: error });
  }
}
