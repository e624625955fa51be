// What `npm run keys` does: create, list, revoke.
import { existsSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { createKey, createPublicKey, isKey, keyId } from './api-key.ts';
import type { KeyEntry, Scope } from './api-key.ts';
import { readKeys, writeKeys } from './key-file.ts';
import { originOf } from './origins.ts';

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
  return added(path, createKey(name, granted, now, by));
}

/**
 * Makes a public key for pages of these origins.
 *
 * @throws Error where one is no origin, or there is none.
 */
export async function addPublicKey(
  path: string,
  name: string,
  origins: readonly string[],
  now: Date,
  by?: string,
): Promise<string> {
  return added(path, createPublicKey(name, checkedOrigins(origins), now, by));
}

async function added(path: string, { key, entry }: ReturnType<typeof createKey>): Promise<string> {
  const keys = existsSync(path) ? await readKeys(path) : [];
  const { name } = entry;
  if (keys.filter((one) => one.name === name && one.revokedAt === undefined).length >= maxActive) {
    throw new Error(`creating a key: ${name} has ${maxActive} active keys: revoke one first`);
  }
  await writeKeys(path, [...keys, entry]);
  return key;
}

function checkedOrigins(origins: readonly string[]): string[] {
  if (origins.length === 0) throw new Error('a public key needs at least one --origin');
  return [...new Set(origins.map(originOf))];
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
  return changed(path, id, 'revoking a key', (entry) =>
    entry.revokedAt === undefined
      ? { ...entry, revokedAt: now.toISOString(), ...(by !== undefined && { revokedBy: by }) }
      : entry,
  );
}

/**
 * Replaces the origins of a public key. They count within a second for whatever reads the file.
 *
 * @throws Error where one is no origin, there is none, or the key is secret or revoked.
 */
export async function setOrigins(
  path: string,
  id: string,
  origins: readonly string[],
  now: Date,
  by?: string,
): Promise<KeyEntry> {
  const checked = checkedOrigins(origins);
  return changed(path, id, 'setting origins', (entry) => {
    if (entry.origins === undefined)
      throw new Error(`setting origins: ${id} is a secret key, which has none`);
    if (entry.revokedAt !== undefined) throw new Error(`setting origins: ${id} is revoked`);
    const changedAt = now.toISOString();
    return { ...entry, origins: checked, changedAt, ...(by !== undefined && { changedBy: by }) };
  });
}

async function changed(
  path: string,
  id: string,
  what: string,
  change: (entry: KeyEntry) => KeyEntry,
): Promise<KeyEntry> {
  const keys = await readKeys(path);
  const entry = keys.find((candidate) => candidate.id === id);
  if (entry === undefined) throw new Error(`${what}: none has the id ${id}`);
  const replaced = change(entry);
  await writeKeys(
    path,
    keys.map((candidate) => (candidate.id === id ? replaced : candidate)),
  );
  return replaced;
}
