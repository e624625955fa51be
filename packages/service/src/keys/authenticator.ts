// Who sends a request: checks API keys against their file, and reads the file again when it changes.
import { randomBytes } from 'node:crypto';
import { unwatchFile, watchFile } from 'node:fs';
import { z } from 'zod';
import { textList } from '../config-types.ts';
import type { Logger } from '../logger.ts';
import { isKey, keyId, scopes } from './api-key.ts';
import type { KeyEntry, Scope } from './api-key.ts';
import { readKeys } from './key-file.ts';
import { originsOf } from './origins.ts';
import type { Origins } from './origins.ts';
import { isSigned, readSessionToken, sessionToken } from './session.ts';

/** Who sent a request, and what they may do. */
export interface Identity {
  /** The key's id; undefined where no keys are asked for. */
  keyId: string | undefined;
  /** Whose key it is. */
  name?: string | undefined;
  scopes: ReadonlySet<Scope>;
  /** Of a public key: the origins of the pages that may use it. */
  origins?: Origins | undefined;
}

/** The public keys of a file: those that web pages hold. */
export interface PublicKeys {
  /** Whether there are any. */
  readonly any: boolean;
  /** Who sends with this public key; undefined where it is wrong, or secret. */
  identify: (key: string) => Identity | undefined;
  /** Whether pages of this origin may use any of them. */
  allowOrigin: (origin: string) => boolean;
}

/** Finds who sent a request. */
export interface Authenticator {
  /** Whether keys are asked for at all. */
  readonly open: boolean;
  /**
   * The sender of a request with this `Authorization` (Bearer; Basic with the key as user name) or
   * `X-Api-Key` header; undefined where the key is missing or wrong. With Basic a key may only send.
   */
  identify: (authorization: string | undefined, apiKey: string | undefined) => Identity | undefined;
  close: () => void;
}

/** An {@link Authenticator} that browsers can sign in with. */
export interface SessionAuthenticator extends Authenticator {
  /** The keys that may stand in a URL or a body. */
  readonly publicKeys: PublicKeys;
  /**
   * A token that stands for this key until `expiresAt` (epoch milliseconds), or until the key is revoked;
   * undefined where the key is wrong or may not read, and where no keys are asked for.
   */
  openSession: (key: string, expiresAt: number) => string | undefined;
  /** Who a session's token belongs to at this time. A session may read, whatever else its key may do. */
  identifySession: (token: string, now: number) => Identity | undefined;
}

/** Environment variables of whatever checks keys. */
export const keyVariables = {
  API_KEYS_FILE: z
    .string()
    .optional()
    .describe('File of API keys, made by `npm run keys`; unset: no key is asked for'),
  ALLOW_ANONYMOUS: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true')
    .describe('Whether to start with NODE_ENV=production and no API keys'),
  ALLOWED_HOSTS: textList().describe(
    'Names that the service may be asked for by while no API key is needed, comma-separated; local ones always may; *: any',
  ),
};

/** What an authenticator needs. */
export interface AuthenticatorOptions {
  file: string | undefined;
  production: boolean;
  allowAnonymous: boolean;
  logger: Logger;
  /**
   * What sessions are signed with, the same in all instances; by default random, so that sessions end with
   * the process.
   */
  sessionKey?: string | undefined;
  /** Called with all keys of the file, the revoked ones too, each time that it has been read. */
  onKeys?: ((entries: readonly KeyEntry[]) => void) | undefined;
  /** How often the file is looked at, in milliseconds. */
  reloadMs?: number;
}

/**
 * Opens the keys. With a file, every request needs a key of it, and a key that is added or revoked counts
 * within a second. Without one, everyone may do everything, which is said.
 *
 * @throws Error in production where there is no key and anonymous use was not allowed; where the file cannot
 * be read.
 */
export async function openAuthenticator(options: AuthenticatorOptions): Promise<SessionAuthenticator> {
  const { file, production, allowAnonymous, logger } = options;
  if (file === undefined) {
    if (production && !allowAnonymous) throw new Error(`NODE_ENV=production without API keys: ${remedy}`);
    logger.warn('no API keys: everyone who reaches this port may use it (set API_KEYS_FILE)');
    const anyone: Identity = { keyId: undefined, scopes: new Set(scopes) };
    return {
      open: true,
      publicKeys: noPublicKeys,
      identify: () => anyone,
      openSession: () => undefined,
      identifySession: () => undefined,
      close: () => {},
    };
  }
  return openFile(file, options);
}

/**
 * Opens the keys of a port that only other parts of the pipeline use; undefined where there is no file, and
 * the port needs none.
 *
 * @throws Error where the file cannot be read.
 */
export async function openKeys(
  file: string | undefined,
  logger: Logger,
): Promise<SessionAuthenticator | undefined> {
  return file === undefined
    ? undefined
    : openFile(file, { file, production: false, allowAnonymous: false, logger });
}

/** No public keys. */
export const noPublicKeys: PublicKeys = { any: false, identify: () => undefined, allowOrigin: () => false };

const remedy = 'set API_KEYS_FILE (npm run keys -- create), or ALLOW_ANONYMOUS=true';

interface ActiveKey {
  hash: Buffer;
  identity: Identity;
}

async function openFile(file: string, options: AuthenticatorOptions): Promise<SessionAuthenticator> {
  const { production, allowAnonymous, logger, reloadMs = 500, onKeys } = options;
  const { sessionKey = randomBytes(32).toString('base64') } = options;

  async function load(): Promise<Map<string, ActiveKey>> {
    const entries = await readKeys(file);
    onKeys?.(entries);
    const active = entries.filter(({ revokedAt }) => revokedAt === undefined);
    return new Map(
      active.map(({ id, name, hash, scopes: granted, origins }) => [
        id,
        {
          hash: Buffer.from(hash, 'hex'),
          identity: { keyId: id, name, scopes: new Set(granted), origins: origins && originsOf(origins) },
        },
      ]),
    );
  }

  let keys = await load();
  let bound = originsIn(keys);
  /** Keys that were good, as they were sent: to hash one takes a twentieth of a request. */
  const recognised = new Map<string, ActiveKey>();
  if (keys.size === 0 && production && !allowAnonymous)
    throw new Error(`no active API key in ${file}: ${remedy}`);

  function reload(): void {
    load().then(
      (loaded) => {
        keys = loaded;
        bound = originsIn(loaded);
        recognised.clear();
        logger.info({ active: loaded.size }, 'API keys read again');
      },
      // The keys that were read last stay: a half-written file must not lock everyone out.
      (error: unknown) => logger.error({ err: error }, 'reload of the API keys failed'),
    );
  }

  function activeKey(key: string): ActiveKey | undefined {
    const known = recognised.get(key);
    if (known !== undefined) return known;
    const found = keys.get(keyId(key) ?? '');
    if (found === undefined || !isKey(key, found.hash)) return undefined;
    recognised.set(key, found);
    return found;
  }

  watchFile(file, { interval: reloadMs, persistent: false }, reload);
  return {
    open: false,
    publicKeys: {
      get any() {
        return bound.length > 0;
      },
      identify(key) {
        const identity = activeKey(key)?.identity;
        return identity?.origins === undefined ? undefined : identity;
      },
      allowOrigin: (origin) => bound.some(({ allow }) => allow(origin)),
    },
    identify(authorization, apiKey) {
      const key = bearer(authorization) ?? apiKey;
      if (key !== undefined) return activeKey(key)?.identity;
      const writeKey = basicUser(authorization);
      return writeKey === undefined ? undefined : sendingOnly(activeKey(writeKey)?.identity);
    },
    openSession(key, expiresAt) {
      const found = activeKey(key);
      const id = found?.identity.keyId;
      if (found === undefined || id === undefined || !found.identity.scopes.has('read')) return undefined;
      return sessionToken({ keyId: id, expiresAt }, sessionKey);
    },
    identifySession(token, now) {
      const claims = readSessionToken(token);
      const found = claims && keys.get(claims.keyId);
      if (!claims || !found || claims.expiresAt <= now || !isSigned(claims, sessionKey)) return undefined;
      if (!found.identity.scopes.has('read')) return undefined;
      return { keyId: claims.keyId, scopes: new Set(['read']) };
    },
    close: () => unwatchFile(file, reload),
  };
}

function originsIn(keys: ReadonlyMap<string, ActiveKey>): Origins[] {
  return [...keys.values()].flatMap(({ identity: { origins } }) => origins ?? []);
}

function bearer(authorization: string | undefined): string | undefined {
  return authorization !== undefined && /^bearer /i.test(authorization)
    ? authorization.slice(7).trim()
    : undefined;
}

/** The user name of Basic authentication, in which clients of Segment's API send their key. */
function basicUser(authorization: string | undefined): string | undefined {
  if (authorization === undefined || !/^basic /i.test(authorization)) return undefined;
  const text = Buffer.from(authorization.slice(6), 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? text : text.slice(0, colon);
}

const sending: ReadonlySet<Scope> = new Set(['ingest']);

/** Browsers add Basic credentials to requests by themselves, so a key that is sent this way may only send. */
function sendingOnly(identity: Identity | undefined): Identity | undefined {
  return identity?.scopes.has('ingest') ? { ...identity, scopes: sending } : undefined;
}
