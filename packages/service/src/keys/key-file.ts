// The file of API keys: JSON that holds hashes only.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { scopes } from './api-key.ts';
import type { KeyEntry } from './api-key.ts';
import { originOf } from './origins.ts';

/** Written by hand in any form, kept in one. */
const origin = z.string().transform((text, context) => {
  try {
    return originOf(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error) });
    return z.NEVER;
  }
});

const keyFile = z.object({
  keys: z.array(
    z
      .object({
        id: z.string().regex(/^[0-9a-f]{12}$/),
        name: z.string().min(1),
        scopes: z.array(z.enum(scopes)),
        origins: z.array(origin).min(1).optional(),
        hash: z.string().regex(/^[0-9a-f]{64}$/),
        createdAt: z.iso.datetime(),
        createdBy: z.string().optional(),
        changedAt: z.iso.datetime().optional(),
        changedBy: z.string().optional(),
        revokedAt: z.iso.datetime().optional(),
        revokedBy: z.string().optional(),
      })
      .refine(
        ({ origins, scopes: granted }) =>
          origins === undefined || (granted.length === 1 && granted[0] === 'ingest'),
        'a key with origins is public: its only scope is ingest',
      ),
  ),
});

/**
 * Reads the keys of a file.
 *
 * @throws Error naming the file and what is wrong with it.
 */
export async function readKeys(path: string): Promise<KeyEntry[]> {
  try {
    return keyFile.parse(JSON.parse(await readFile(path, 'utf8'))).keys;
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw new Error(`reading the API keys in ${path}: ${reason}`, { cause: error });
  }
}

/** Replaces the keys of a file in one step, readable by its owner only. */
export async function writeKeys(path: string, keys: readonly KeyEntry[]): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify({ keys }, undefined, 2)}\n`, { mode: 0o600 });
  await rename(temporary, path);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
