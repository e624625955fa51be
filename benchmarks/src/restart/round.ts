// One restart under load: the process is killed while records come in, and is watched until it has caught up
// and for a while after.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import { offsetsIn } from '../processor/kafka.ts';
import { startChild } from '../shared/child.ts';
import { Application, restoredPerSecond, topicsOf } from './application.ts';
import type { Kind } from './job.ts';
import type { LoadOptions, LoadResult } from './load.ts';
import { caughtUp, restartOf, type Moments, type Restart } from './phases.ts';
import { Watch } from './watch.ts';

/** What is restarted, and from what. */
export interface Candidate {
  kind: Kind;
  /** Its state on disk, or its changelog alone. */
  from: 'local' | 'changelog';
}

/** What all rounds have in common. */
export interface Bench {
  admin: Admin;
  broker: string;
  keys: number;
  perSecond: number;
  /** How long the load is on before the kill, and after the lag is small again, in milliseconds. */
  steadyMs: number;
  /** The state folder of each kind. */
  stateDirs: Readonly<Record<Kind, string>>;
}

/** What a round has found. */
export interface Round {
  restart: Restart;
  load: LoadResult;
  /** Records a second that were read back from changelogs. */
  restoredPerSecond: number;
}

/** Until what V8 compiles first is compiled, and the lag is as it stays. */
const warmUpMs = 2_000;
const mostWaitMs = 120_000;

function startLoad(options: LoadOptions): { stop: () => Promise<LoadResult>; done: Promise<LoadResult> } {
  const child = startChild(join(import.meta.dirname, 'load.ts'), [JSON.stringify(options)]);
  const done = text(child.stdout).then((line) => JSON.parse(line) as LoadResult);
  // A failure is thrown where its result is waited for.
  done.catch(() => undefined);
  function stop(): Promise<LoadResult> {
    child.stdin.end();
    return done;
  }
  return { stop, done };
}

/** Writes the first `keys` records as fast as they are taken; resolves once they are processed. */
export async function fill({ admin, broker, keys, stateDirs }: Bench, kind: Kind): Promise<LoadResult> {
  const topic = topicsOf(kind).input;
  const app = new Application({ broker, kind, stateDir: stateDirs[kind] });
  const watch = new Watch(admin, kind);
  try {
    const written = await startLoad({ broker, topic, keys, from: 0, until: keys, perSecond: 1e9 }).done;
    const processed = (): boolean => (watch.samples.at(-1)?.committed ?? 0) >= keys;
    await watch.until('the first records are processed', processed, 10 * mostWaitMs);
    return written;
  } finally {
    await watch.close();
    await app.stop();
  }
}

/** Restarts a process under load. Afterwards it is stopped, and everything that was written is processed. */
export async function restartUnderLoad(bench: Bench, { kind, from }: Candidate): Promise<Round> {
  const { admin, broker, keys, perSecond, steadyMs, stateDirs } = bench;
  const stateDir = stateDirs[kind];
  const topic = topicsOf(kind).input;
  const first = await offsetsIn(admin, topic);
  let app = new Application({ broker, kind, stateDir });
  const watch = new Watch(admin, kind);
  try {
    await app.first('the processor to run', ({ state }) => state === 'RUNNING');
    const load = startLoad({ broker, topic, keys, from: first, perSecond });
    const arrived = (): boolean => (watch.samples.at(-1)?.committed ?? 0) > first;
    await watch.until('the load is processed', arrived, mostWaitMs);
    await sleep(warmUpMs);
    const steady = Date.now();
    await sleep(steadyMs);

    const killed = Date.now();
    await app.kill();
    if (from === 'changelog') rmSync(stateDir, { recursive: true, force: true });
    app = new Application({ broker, kind, stateDir });
    const began = app.began;
    const commit = await app.first('the first commit', ({ committed = 0 }) => committed > 0);
    const running = await app.first('the processor to run', ({ state }) => state === 'RUNNING');
    const moments: Moments = {
      steady,
      killed,
      began,
      running: running.at,
      firstCommit: commit.at,
      ended: Number.NaN,
    };
    const isCaughtUp = (): boolean => caughtUp(watch.samples, moments) !== undefined;
    await watch.until('the lag is as small as before', isCaughtUp, mostWaitMs);
    await sleep(steadyMs);
    moments.ended = Date.now();

    const written = await load.stop();
    const processed = (): boolean => (watch.samples.at(-1)?.committed ?? 0) >= written.next;
    await watch.until('everything is processed', processed, mostWaitMs);
    return {
      restart: restartOf(watch.samples, moments),
      load: written,
      restoredPerSecond: from === 'changelog' ? restoredPerSecond(app.lines) : Number.NaN,
    };
  } finally {
    await watch.close();
    await app.stop();
  }
}
