// API keys: how they are made, written down as hashes, and recognised.
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

/** What a key may do. */
export const scopes = ['ingest', 'read', 'delete', 'admin'] as const;
/** One thing that a key may do. */
export type Scope = (typeof scopes)[number];

/** A key as it is kept: never the key itself. */
export interface KeyEntry {
  /** The public part of the key, by which it is named. */
  id: string;
  /** Whose key it is. */
  name: string;
  scopes: readonly Scope[];
  /** SHA-256 of the whole key, in hex. */
  hash: string;
  createdAt: string;
  /** Who made it. */
  createdBy?: string | undefined;
  /** When and by whom it was changed last, where the tool did it. */
  changedAt?: string | undefined;
  changedBy?: string | undefined;
  revokedAt?: string | undefined;
  /** Who revoked it. */
  revokedBy?: string | undefined;
  /**
   * Of a public key: the origins of the pages that may send with it, in the form of `originOf`. Its only
   * scope is `ingest`.
   */
  origins?: readonly string[] | undefined;
}

/** A key as its holder has it, and what is kept of it. */
interface CreatedKey {
  key: string;
  entry: KeyEntry;
}

const secretForm = /^act_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;
const publicForm = /^act_pub_([0-9a-f]{12})_[A-Za-z0-9_-]{22}$/;

/** A new key (`act_<id>_<256 random bits>`), shown once, and the entry to keep. */
export function createKey(
  name: string,
  granted: readonly Scope[],
  now: Date,
  createdBy?: string,
): CreatedKey {
  return created({ prefix: 'act_', secretBytes: 32 }, { name, scopes: granted }, now, createdBy);
}

/**
 * A new public key (`act_pub_<id>_<128 random bits>`) and the entry to keep. It stands in the source of web
 * pages, so that everyone may read it; its form says which kind it is.
 */
export function createPublicKey(
  name: string,
  origins: readonly string[],
  now: Date,
  createdBy?: string,
): CreatedKey {
  const form = { prefix: 'act_pub_', secretBytes: 16 };
  return created(form, { name, scopes: ['ingest'], origins }, now, createdBy);
}

function created(
  { prefix, secretBytes }: { prefix: string; secretBytes: number },
  about: Pick<KeyEntry, 'name' | 'scopes' | 'origins'>,
  now: Date,
  createdBy: string | undefined,
): CreatedKey {
  const id = randomBytes(6).toString('hex');
  const key = `${prefix}${id}_${randomBytes(secretBytes).toString('base64url')}`;
  const createdAt = now.toISOString();
  const entry = { id, ...about, hash: hashOf(key).toString('hex'), createdAt };
  return { key, entry: createdBy === undefined ? entry : { ...entry, createdBy } };
}

/** The id that a key names; undefined where the text has not the form of a key. */
export function keyId(key: string): string | undefined {
  return (secretForm.exec(key) ?? publicForm.exec(key))?.[1];
}

/** Whether a text has the form of a secret key, be there such a key or not. */
export function isSecretForm(text: string): boolean {
  return secretForm.test(text);
}

/** Whether a key is the one whose hash is given. Takes the same time whatever differs. */
export function isKey(key: string, expected: Buffer): boolean {
  return timingSafeEqual(hashOf(key), expected);
}

function hashOf(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}
