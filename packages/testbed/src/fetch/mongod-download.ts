// mongod from MongoDB's own download site, through mongodb-memory-server-core;
// gives up early on a closed network.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDir } from '../paths.ts';
import { reasonOf } from '../process/problem.ts';
import { run } from '../process/run.ts';
import type { FetchContext } from './context.ts';
import { folderSize, megabytes } from './folder-size.ts';
import { fetchOnce } from './once.ts';

const version = '8.2.6';
const target = join(cacheDir, 'mongod', `download-${version}`);
const failure = join(cacheDir, 'mongod', `download-${version}.failed`);
const child = fileURLToPath(new URL('mongod-download-main.ts', import.meta.url));
const stallMs = 10_000;

/** The downloaded binary, or why there is none. */
export type Download = { file: string } | { file?: undefined; reason: string };

/** Aborts when nothing has arrived for ten seconds; says how far it is every five. */
function watch(folder: string, context: FetchContext, stalled: AbortController): NodeJS.Timeout {
  let last = 0;
  let lastAt = Date.now();
  let ticks = 0;
  return setInterval(() => {
    const size = folderSize(folder);
    if (size > last) [last, lastAt] = [size, Date.now()];
    if (Date.now() - lastAt > stallMs) stalled.abort(new Error(`nothing arrived for ${stallMs / 1000} s`));
    ticks += 1;
    if (ticks % 5 === 0) context.report(`still fetching mongod ${version}: ${megabytes(size)}`);
  }, 1_000);
}

async function download(folder: string, context: FetchContext): Promise<void> {
  const stalled = new AbortController();
  const timer = watch(folder, context, stalled);
  const signal = context.signal ? AbortSignal.any([context.signal, stalled.signal]) : stalled.signal;
  const env = {
    MONGOMS_MAX_RETRIES: '0',
    MONGOMS_RUNTIME_DOWNLOAD: '1',
    MONGOMS_PREFER_GLOBAL_PATH: '0',
    MONGOMS_MD5_CHECK: '1',
  };
  try {
    const outcome = await run({ file: process.execPath, args: [child, folder, version], env }, { signal });
    const binary = /^mongod: (.+)$/m.exec(outcome.output)?.[1];
    if (binary === undefined) throw new Error(/^failed: (.+)$/m.exec(outcome.output)?.[1] ?? outcome.output);
    writeFileSync(join(folder, 'binary'), relative(folder, binary));
  } finally {
    clearInterval(timer);
  }
}

/**
 * Downloads mongod once. A failure is remembered with its reason and not
 * tried again until the cache is cleared.
 */
export async function downloadMongod(context: FetchContext): Promise<Download> {
  if (!existsSync(target)) {
    if (existsSync(failure)) return { reason: readFileSync(failure, 'utf8') };
    context.report(`fetching mongod ${version} from MongoDB's download site`);
    try {
      await fetchOnce(target, (folder) => download(folder, context));
    } catch (error) {
      context.signal?.throwIfAborted();
      const reason = reasonOf(error);
      mkdirSync(dirname(failure), { recursive: true });
      writeFileSync(failure, reason);
      context.report(`MongoDB's download site cannot be used: ${reason}`);
      return { reason };
    }
  }
  return { file: join(target, readFileSync(join(target, 'binary'), 'utf8')) };
}
