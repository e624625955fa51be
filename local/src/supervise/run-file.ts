// The run file: what runs on a data folder, for `npm run status` and for a second `npm start`.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isAlive } from '@activity/testbed/process/identity';

const identity = z.object({ pid: z.number(), began: z.string() });

const partState = z.object({
  name: z.string(),
  address: z.string(),
  /** Undefined while it is down. */
  pid: z.number().optional(),
  /** When the process began, in epoch milliseconds. */
  since: z.number().optional(),
  restarts: z.number(),
  /** Why it is not healthy; undefined when it is. */
  trouble: z.string().optional(),
});

const runState = z.object({ launcher: identity, parts: z.array(partState) });

/** One part as the launcher saw it last. */
export type PartState = z.infer<typeof partState>;
/** The launcher and its parts. */
export type RunState = z.infer<typeof runState>;

function fileOf(dataDir: string): string {
  return join(dataDir, 'run.json');
}

/** Writes the state whole: a reader never sees half of it. */
export function writeRunState(dataDir: string, state: RunState): void {
  const file = fileOf(dataDir);
  writeFileSync(`${file}.new`, JSON.stringify(state, undefined, 2));
  renameSync(`${file}.new`, file);
}

/** Takes the state away: nothing runs any more. */
export function removeRunState(dataDir: string): void {
  rmSync(fileOf(dataDir), { force: true });
}

/** What runs on a data folder; undefined where nothing does, also where the launcher was killed. */
export function readRunState(dataDir: string): RunState | undefined {
  try {
    const state = runState.parse(JSON.parse(readFileSync(fileOf(dataDir), 'utf8')));
    return isAlive(state.launcher) ? state : undefined;
  } catch {
    return undefined;
  }
}
