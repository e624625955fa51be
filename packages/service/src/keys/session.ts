// Sessions: what a browser keeps in a cookie instead of the key itself. Signed with the key's hash, so that they need no store and
// end with the key.
import { createHmac, timingSafeEqual } from 'node:crypto';

/** The name of the cookie that holds a session's token. */
export const sessionCookie = 'activity_session';

/** A session as its token tells of it. */
export interface SessionClaims {
  keyId: string;
  /** Epoch milliseconds. */
  expiresAt: number;
}

const pattern = /^([0-9a-f]{12})\.(\d{1,16})\.([A-Za-z0-9_-]{43})$/;

/** The token of a session of the key with this hash. */
export function sessionToken(claims: SessionClaims, keyHash: Buffer): string {
  return `${claims.keyId}.${claims.expiresAt}.${signature(claims, keyHash).toString('base64url')}`;
}

/** What a token claims, unchecked; undefined where the text is no token. */
export function readSessionToken(token: string): (SessionClaims & { signature: Buffer }) | undefined {
  const [, keyId, expiresAt, signed] = pattern.exec(token) ?? [];
  if (keyId === undefined || signed === undefined) return undefined;
  return { keyId, expiresAt: Number(expiresAt), signature: Buffer.from(signed, 'base64url') };
}

/** Whether claims were signed with the key of this hash. Takes the same time whatever differs. */
export function isSigned(claims: SessionClaims & { signature: Buffer }, keyHash: Buffer): boolean {
  return timingSafeEqual(claims.signature, signature(claims, keyHash));
}

function signature({ keyId, expiresAt }: SessionClaims, keyHash: Buffer): Buffer {
  return createHmac('sha256', keyHash).update(`session|${keyId}|${expiresAt}`).digest();
}
