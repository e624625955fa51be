// What `npm run keys` does: create, list, revoke.
import { existsSync } from 'node:fs';
import { createKey } from './api-key.ts';
import type { KeyEntry, Scope } from './api-key.ts';
import { readKeys, writeKeys } from './key-file.ts';

/** One name has at most so many active keys: the one in use and the one that replaces it. */
const maxActive = 2;

/** Makes a key and keeps its hash. The key itself is nowhere but in the answer. */
export async function addKey(
  path: string,
  name: string,
  granted: readonly Scope[],
  now: Date,
): Promise<string> {
  const keys = existsSync(path) ? await readKeys(path) : [];
  if (keys.filter((entry) => entry.name === name && entry.revokedAt === undefined).length >= maxActive) {
    throw new Error(`creating a key: ${name} has ${maxActive} active keys: revoke one first`);
  }
  const { key, entry } = createKey(name, granted, now);
  await writeKeys(path, [...keys, entry]);
  return key;
}

/** Revokes a key by its id. It is refused within a second by whatever reads the file. */
export async function revokeKey(path: string, id: string, now: Date): Promise<KeyEntry> {
  const keys = await readKeys(path);
  const entry = keys.find((candidate) => candidate.id === id);
  if (entry === undefined) throw new Error(`revoking a key: none has the id ${id}`);
  const revoked = { ...entry, revokedAt: entry.revokedAt ?? now.toISOString() };
  await writeKeys(
    path,
    keys.map((candidate) => (candidate.id === id ? revoked : candidate)),
  );
  return revoked;
}
