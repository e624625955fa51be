import { createHmac } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, assert, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLogger } from '../logger.ts';
import { createKey, isKey, isSecretForm, keyId } from './api-key.ts';
import { openAuthenticator } from './authenticator.ts';
import { readKeys } from './key-file.ts';
import { sessionToken } from './session.ts';
import type { SessionAuthenticator, AuthenticatorOptions } from './authenticator.ts';
import { addKey, addPublicKey, ensureKey, revokeKey, setOrigins } from './key-admin.ts';

const now = new Date('2026-01-02T03:04:05.678Z');
let folder: string;
let file: string;
const opened: SessionAuthenticator[] = [];
const logged: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keys-'));
  file = join(folder, 'keys.json');
  logged.length = 0;
});

afterEach(async () => {
  for (const authenticator of opened.splice(0)) authenticator.close();
  await rm(folder, { recursive: true });
});

async function open(options: Partial<AuthenticatorOptions> = {}): Promise<SessionAuthenticator> {
  const authenticator = await openAuthenticator({
    file,
    production: false,
    allowAnonymous: false,
    logger: createLogger('test', 'info', { write: (line) => logged.push(line) }),
    reloadMs: 20,
    ...options,
  });
  opened.push(authenticator);
  return authenticator;
}

describe('a key', () => {
  test('has a prefix and 256 random bits, and is kept as its SHA-256', () => {
    const { key, entry } = createKey('web', ['ingest'], now);
    expect(key).toMatch(/^act_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/);
    expect(keyId(key)).toBe(entry.id);
    expect(JSON.stringify(entry)).not.toContain(key.slice(-43));
    expect(isKey(key, Buffer.from(entry.hash, 'hex'))).toBe(true);
    expect(isKey(`${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`, Buffer.from(entry.hash, 'hex'))).toBe(
      false,
    );
    expect(createKey('web', ['ingest'], now).key).not.toBe(key);
  });

  test.each(['', 'act_', 'Bearer x', 'act_zzzzzzzzzzzz_x', `act_0123456789ab_${'x'.repeat(44)}`])(
    '%j is none',
    (text) => {
      expect(keyId(text)).toBeUndefined();
    },
  );
});

describe('the file of keys', () => {
  test('is for its owner only and holds no key', async () => {
    const key = await addKey(file, 'web', ['ingest'], now);
    expect(await readFile(file, 'utf8')).not.toContain(key.slice(-43));
    expect((await stat(file)).mode & 0o077).toBe(0);
  });

  test('has at most two active keys of a name', async () => {
    const first = await addKey(file, 'web', ['ingest'], now);
    await addKey(file, 'web', ['ingest'], now);
    await expect(addKey(file, 'web', ['ingest'], now)).rejects.toThrow(
      'web has 2 active keys: revoke one first',
    );
    await addKey(file, 'app', ['ingest'], now);
    await revokeKey(file, keyId(first) ?? '', now);
    await addKey(file, 'web', ['ingest'], now);
    await expect(revokeKey(file, 'nope', now)).rejects.toThrow('none has the id nope');
  });
});

describe('openAuthenticator', () => {
  test('knows a key, from either header, and what it may do', async () => {
    const key = await addKey(file, 'web', ['ingest', 'read'], now);
    const authenticator = await open({ production: true });
    expect(authenticator.open).toBe(false);
    for (const identity of [
      authenticator.identify(`Bearer ${key}`, undefined),
      authenticator.identify(undefined, key),
    ]) {
      expect(identity?.keyId).toBe(keyId(key));
      expect([...(identity?.scopes ?? [])]).toEqual(['ingest', 'read']);
    }
  });

  test('knows a key as the user name of Basic authentication, and lets it only send', async () => {
    const key = await addKey(file, 'web', ['ingest', 'read'], now);
    const reader = await addKey(file, 'reader', ['read'], now);
    const authenticator = await open();
    const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
    for (const text of [`${key}:`, key, `${key}:a password`]) {
      const identity = authenticator.identify(basic(text), undefined);
      expect(identity?.keyId).toBe(keyId(key));
      expect([...(identity?.scopes ?? [])]).toEqual(['ingest']);
    }
    for (const text of [`${reader}:`, `:${key}`, '']) {
      expect(authenticator.identify(basic(text), undefined)).toBeUndefined();
    }
    expect([...(authenticator.identify(basic('proxy:secret'), key)?.scopes ?? [])]).toEqual([
      'ingest',
      'read',
    ]);
  });

  test.each([undefined, '', 'Basic x', 'Bearer', 'Bearer nonsense'])(
    'does not know %j',
    async (authorization) => {
      await addKey(file, 'web', ['ingest'], now);
      expect((await open()).identify(authorization, undefined)).toBeUndefined();
    },
  );

  test('does not know a key of which only the id is right', async () => {
    const key = await addKey(file, 'web', ['ingest'], now);
    expect(
      (await open()).identify(`Bearer ${key.slice(0, -43)}${'A'.repeat(43)}`, undefined),
    ).toBeUndefined();
  });

  test('counts what is added and revoked without a restart', async () => {
    const first = await addKey(file, 'web', ['ingest'], now);
    const authenticator = await open();
    const second = await addKey(file, 'web', ['ingest'], now);
    await vi.waitFor(() => assert.exists(authenticator.identify(undefined, second)), 5_000);
    await revokeKey(file, keyId(first) ?? '', now);
    await vi.waitFor(() => assert.notExists(authenticator.identify(undefined, first)), 5_000);
    expect(authenticator.identify(undefined, second)).toBeDefined();
  });

  test('keeps the keys it has while the file is broken', async () => {
    const key = await addKey(file, 'web', ['ingest'], now);
    const authenticator = await open();
    await writeFile(file, '{"keys":');
    await vi.waitFor(() => assert.include(logged.join(''), 'reload of the API keys failed'), 5_000);
    expect(authenticator.identify(undefined, key)).toBeDefined();
  });

  test('without a file lets everyone do everything, and says so', async () => {
    const authenticator = await open({ file: undefined });
    expect(authenticator.open).toBe(true);
    expect(authenticator.identify(undefined, undefined)?.scopes.has('delete')).toBe(true);
    expect(logged.join('')).toContain('no API keys');
  });

  test('in production wants keys, or to be told that none are wanted', async () => {
    await expect(open({ file: undefined, production: true })).rejects.toThrow('ALLOW_ANONYMOUS=true');
    await writeFile(file, '{"keys":[]}');
    await expect(open({ production: true })).rejects.toThrow(`no active API key in ${file}`);
    expect((await open({ file: undefined, production: true, allowAnonymous: true })).open).toBe(true);
  });

  test('names a file that it cannot read', async () => {
    await expect(open()).rejects.toThrow(`reading the API keys in ${file}`);
  });
});

describe('sessions', () => {
  const soon = now.getTime() + 1_000;

  test('stand for a key that may read until they expire, and for nothing but reading', async () => {
    const key = await addKey(file, 'page', ['read', 'delete'], now);
    const authenticator = await open();
    const token = authenticator.openSession(key, soon) ?? '';
    expect(token).not.toContain(key.slice(-43));
    const identity = authenticator.identifySession(token, soon - 1);
    expect(identity?.keyId).toBe(keyId(key));
    expect([...(identity?.scopes ?? [])]).toEqual(['read']);
    expect(authenticator.identifySession(token, soon)).toBeUndefined();
  });

  test('cannot be had with a key that is wrong or may not read', async () => {
    const writer = await addKey(file, 'web', ['ingest'], now);
    const authenticator = await open();
    expect(authenticator.openSession(writer, soon)).toBeUndefined();
    expect(authenticator.openSession('act_000000000000_nonsense', soon)).toBeUndefined();
  });

  test('cannot be made longer, given to another key, or made up', async () => {
    const key = await addKey(file, 'page', ['read'], now);
    const other = keyId(await addKey(file, 'page', ['read'], now)) ?? '';
    const authenticator = await open();
    const token = authenticator.openSession(key, soon) ?? '';
    const [id = '', expires = '', signed = ''] = token.split('.');
    for (const forged of [
      `${id}.${Number(expires) + 1}.${signed}`,
      `${other}.${expires}.${signed}`,
      `${id}.${expires}.${'A'.repeat(43)}`,
      `${id}.${expires}`,
      '',
    ]) {
      expect(authenticator.identifySession(forged, now.getTime())).toBeUndefined();
    }
    expect(authenticator.identifySession(token, now.getTime())).toBeDefined();
  });

  test('cannot be made of what the file of keys holds', async () => {
    const key = await addKey(file, 'page', ['read'], now);
    const authenticator = await open();
    const [entry] = await readKeys(file);
    assert.exists(entry);
    const claims = { keyId: entry.id, expiresAt: soon };
    for (const secret of [entry.hash, Buffer.from(entry.hash, 'hex').toString('latin1'), '']) {
      expect(authenticator.identifySession(sessionToken(claims, secret), now.getTime())).toBeUndefined();
    }
    const signed = createHmac('sha256', Buffer.from(entry.hash, 'hex'));
    const signature = signed.update(`session|${entry.id}|${soon}`).digest('base64url');
    expect(authenticator.identifySession(`${entry.id}.${soon}.${signature}`, now.getTime())).toBeUndefined();
    expect(authenticator.openSession(key, soon)).toBeDefined();
  });

  test('end with the process where no key is given to sign them with', async () => {
    const key = await addKey(file, 'page', ['read'], now);
    const token = (await open()).openSession(key, soon) ?? '';
    expect((await open()).identifySession(token, now.getTime())).toBeUndefined();
  });

  test('end with their key, and outlive a restart', async () => {
    const sessionKey = 'a secret of thirty-two characters';
    const key = await addKey(file, 'page', ['read'], now);
    const token = (await open({ sessionKey })).openSession(key, soon) ?? '';
    const again = await open({ sessionKey });
    expect(again.identifySession(token, now.getTime())).toBeDefined();
    await revokeKey(file, keyId(key) ?? '', now);
    await vi.waitFor(() => assert.notExists(again.identifySession(token, now.getTime())), 5_000);
  });
});

test('a key that is kept in a file is made once, and again where it is gone or revoked', async () => {
  const keyFile = join(folder, 'operator.api-key');
  const kept = { path: file, keyFile, name: 'operator', scopes: ['read'] } as const;
  await addKey(file, 'web', ['ingest'], now);
  await ensureKey(kept, now);
  const first = await readFile(keyFile, 'utf8');
  expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
  await ensureKey(kept, now);
  expect(await readFile(keyFile, 'utf8')).toBe(first);

  // A version that knows more scopes gives them to the key that is there.
  await ensureKey({ ...kept, scopes: [...kept.scopes, 'admin'] }, now);
  expect(await readFile(keyFile, 'utf8')).toBe(first);
  const granted = (await readKeys(file)).find(({ id }) => id === keyId(first))?.scopes;
  expect(granted).toEqual([...kept.scopes, 'admin']);

  await revokeKey(file, keyId(first) ?? '', now);
  await ensureKey(kept, now);
  const second = await readFile(keyFile, 'utf8');
  expect(second).not.toBe(first);

  await rm(keyFile);
  await ensureKey(kept, now);
  const third = await readFile(keyFile, 'utf8');
  const active = (await readKeys(file)).filter(({ revokedAt }) => revokedAt === undefined);
  expect(active.map(({ name, id }) => [name, id])).toEqual([
    ['web', expect.anything()],
    ['operator', keyId(third)],
  ]);

  await rm(file);
  await ensureKey(kept, now);
  expect((await readKeys(file)).map(({ id }) => id)).toEqual([keyId(await readFile(keyFile, 'utf8'))]);
});

describe('public keys', () => {
  const shop = 'https://shop.example';

  test('have a form of their own, and only ingest for pages of their origins', async () => {
    const key = await addPublicKey(file, 'shop', ['https://Shop.example/', shop], now);
    const secret = await addKey(file, 'web', ['ingest'], now);
    expect(key).toMatch(/^act_pub_[0-9a-f]{12}_[A-Za-z0-9_-]{22}$/);
    expect([isSecretForm(key), isSecretForm(secret)]).toEqual([false, true]);
    expect((await readKeys(file))[0]).toMatchObject({ scopes: ['ingest'], origins: [shop] });
    const { identify, publicKeys } = await open();
    for (const identity of [identify(undefined, key), publicKeys.identify(key)]) {
      expect(identity?.keyId).toBe(keyId(key));
      expect([...(identity?.scopes ?? [])]).toEqual(['ingest']);
      expect(identity?.origins?.allow(shop)).toBe(true);
      expect(identity?.origins?.allow('https://evil.example')).toBe(false);
    }
    expect(publicKeys.identify(secret)).toBeUndefined();
    expect(identify(undefined, secret)?.origins).toBeUndefined();
    expect(publicKeys.identify(`${key.slice(0, -1)}${key.endsWith('A') ? 'Q' : 'A'}`)).toBeUndefined();
  });

  test('origins that are added, and keys that are revoked, count without a restart', async () => {
    const secret = await addKey(file, 'web', ['ingest'], now);
    const { publicKeys } = await open();
    expect(publicKeys.any).toBe(false);
    const key = await addPublicKey(file, 'shop', [shop], now);
    await vi.waitFor(() => assert.isTrue(publicKeys.allowOrigin(shop)), 5_000);
    expect(publicKeys.any).toBe(true);
    const id = keyId(key) ?? '';
    const entry = await setOrigins(file, id, [shop, 'http://localhost:5173'], now, 'eve');
    expect(entry.origins).toEqual([shop, 'http://localhost:5173']);
    await vi.waitFor(() => assert.isTrue(publicKeys.allowOrigin('http://localhost:5173')), 5_000);
    await revokeKey(file, id, now);
    await vi.waitFor(() => assert.isFalse(publicKeys.any), 5_000);
    expect(publicKeys.allowOrigin(shop)).toBe(false);
    expect(publicKeys.identify(key)).toBeUndefined();
    await expect(setOrigins(file, id, [shop], now)).rejects.toThrow(`${id} is revoked`);
    await expect(setOrigins(file, keyId(secret) ?? '', [shop], now)).rejects.toThrow('is a secret key');
  });

  test.each<[string[], string]>([
    [[], 'a public key needs at least one --origin'],
    [['*'], '* is not an origin'],
  ])('are not made for origins %j', async (origins, why) => {
    await expect(addPublicKey(file, 'shop', origins, now)).rejects.toThrow(why);
  });

  test('written by hand with more than ingest are refused with the file', async () => {
    await addPublicKey(file, 'shop', [shop], now);
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('"ingest"', '"ingest", "read"'));
    await expect(open()).rejects.toThrow('a key with origins is public: its only scope is ingest');
    await writeFile(file, text.replace(shop, 'shop.example'));
    await expect(open()).rejects.toThrow('shop.example is not an origin');
  });
});
