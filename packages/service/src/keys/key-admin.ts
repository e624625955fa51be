// What `npm run keys` does: create, list, revoke.
import { existsSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { createKey, isKey, keyId } from './api-key.ts';
import type { KeyEntry, Scope } from './api-key.ts';
import { readKeys, writeKeys } from './key-file.ts';

/** The most active keys of one name: the one in use and the one that replaces it. */
const maxActive = 2;

/** Makes a key and keeps its hash, and who made it. The key itself is nowhere but in the answer. */
export async function addKey(
  path: string,
  name: string,
  granted: readonly Scope[],
  now: Date,
  by?: string,
): Promise<string> {
  const keys = existsSync(path) ? await readKeys(path) : [];
  if (keys.filter((entry) => entry.name === name && entry.revokedAt === undefined).length >= maxActive) {
    throw new Error(`creating a key: ${name} has ${maxActive} active keys: revoke one first`);
  }
  const { key, entry } = createKey(name, granted, now, by);
  await writeKeys(path, [...keys, entry]);
  return key;
}

/** Where a key is kept, and what it is to be. */
export interface KeptKey {
  /** The file of keys. */
  path: string;
  /** The file that holds the key itself, for its owner alone. */
  keyFile: string;
  name: string;
  scopes: readonly Scope[];
}

/**
 * Makes a key and writes it to a file, unless that file holds an active one: that one is given the scopes
 * that it lacks. Keys of the name that are not there are revoked.
 */
export async function ensureKey({ path, keyFile, name, scopes }: KeptKey, now: Date): Promise<void> {
  const keys = existsSync(path) ? await readKeys(path) : [];
  const kept = existsSync(keyFile) ? readFileSync(keyFile, 'utf8').trim() : '';
  const active = keys.find(({ id, revokedAt }) => id === keyId(kept) && revokedAt === undefined);
  if (active !== undefined && isKey(kept, Buffer.from(active.hash, 'hex'))) {
    const granted = [...new Set([...active.scopes, ...scopes])];
    if (granted.length > active.scopes.length)
      await writeKeys(
        path,
        keys.map((one) => (one === active ? { ...one, scopes: granted } : one)),
      );
    return;
  }
  const { key, entry } = createKey(name, scopes, now);
  const others = keys.map((one) =>
    one.name === name ? { ...one, revokedAt: one.revokedAt ?? now.toISOString() } : one,
  );
  await writeKeys(path, [...others, entry]);
  await writeFile(`${keyFile}.new`, key, { mode: 0o600 });
  await rename(`${keyFile}.new`, keyFile);
}

/**
 * Revokes a key by its id, and keeps who revoked it. It is refused within a second by whatever reads the
 * file.
 */
export async function revokeKey(path: string, id: string, now: Date, by?: string): Promise<KeyEntry> {
  const keys = await readKeys(path);
  const entry = keys.find((candidate) => candidate.id === id);
  if (entry === undefined) throw new Error(`revoking a key: none has the id ${id}`);
  if (entry.revokedAt !== undefined) return entry;
  const revoked = { ...entry, revokedAt: now.toISOString(), ...(by !== undefined && { revokedBy: by }) };
  await writeKeys(
    path,
    keys.map((candidate) => (candidate.id === id ? revoked : candidate)),
  );
  return revoked;
}
