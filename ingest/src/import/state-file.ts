// How far an import has come, in a file that a kill at any moment leaves whole.
import { open, readFile, rename } from 'node:fs/promises';
import { z } from 'zod';
import { jsonOf } from '../json-values.ts';
import { formats } from './formats.ts';

const count = z.number().int().min(0);

const stateSchema = z.object({
  version: z.literal(1),
  /** What is imported: its name, and a hash of its beginning. */
  name: z.string(),
  fingerprint: z.string(),
  /** The id of the raw topic: what was written to another one is not there. */
  topic: z.string(),
  format: z.enum(formats),
  /** Of CSV. */
  columns: z.array(z.string()).optional(),
  delimiter: z.string().length(1).optional(),
  /**
   * `running`: what is written behind the position is not known; `stopped`: nothing is;
   * `done`: there is no more.
   */
  status: z.enum(['running', 'stopped', 'done']),
  savedAt: z.iso.datetime(),
  /** The position: everything before it is acknowledged by the broker or among the rejects. */
  bytes: count,
  lines: count,
  stored: count,
  rejected: count,
  /** How long the file of rejects is then. */
  rejectBytes: count,
});

/** How far an import has come. */
export type ImportState = z.output<typeof stateSchema>;

/** Reads a state; undefined where there is none. @throws Error where it is none of this program's. */
export async function readState(file: string): Promise<ImportState | undefined> {
  let text;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const parsed = stateSchema.safeParse(jsonOf(text));
  if (!parsed.success)
    throw new Error(`${file} is no state of an import: move it away, or name another one by --state`);
  return parsed.data;
}

/**
 * Writes a state in place of the one before. It is on disk when this resolves.
 *
 * @throws Error that says what to do where the file cannot be written
 */
export async function writeState(file: string, state: ImportState): Promise<void> {
  try {
    await replaceFile(file, `${JSON.stringify(state)}\n`);
  } catch (error) {
    throw cannotKeep(file, error);
  }
}

/** What to do where a state cannot be written. */
export function cannotKeep(file: string, error: unknown): Error {
  const { code } = error as NodeJS.ErrnoException;
  const remedy = 'make room, or name a file elsewhere by --state';
  return new Error(`the position cannot be kept in ${file} (${code}): ${remedy}`, { cause: error });
}

async function replaceFile(file: string, text: string): Promise<void> {
  const next = `${file}.new`;
  const handle = await open(next, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(next, file);
}
