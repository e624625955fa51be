// Sessions: what a browser keeps in a cookie instead of the API key itself. They are signed with a secret
// that is in no file of keys, and need no store.
import { createHmac, timingSafeEqual } from 'node:crypto';

/** The name of the cookie that holds a session's token. */
export const sessionCookie = 'activity_session';

/** A session as its token describes it. */
export interface SessionClaims {
  keyId: string;
  /** Epoch milliseconds. */
  expiresAt: number;
}

const pattern = /^([0-9a-f]{12})\.(\d{1,16})\.([A-Za-z0-9_-]{43})$/;

/** The token of a session. */
export function sessionToken(claims: SessionClaims, secret: string): string {
  return `${claims.keyId}.${claims.expiresAt}.${signature(claims, secret).toString('base64url')}`;
}

/** What a token claims, unchecked; undefined where the text is no token. */
export function readSessionToken(token: string): (SessionClaims & { signature: Buffer }) | undefined {
  const [, keyId, expiresAt, signed] = pattern.exec(token) ?? [];
  if (keyId === undefined || signed === undefined) return undefined;
  return { keyId, expiresAt: Number(expiresAt), signature: Buffer.from(signed, 'base64url') };
}

/** Whether claims were signed with this secret. Takes the same time whatever differs. */
export function isSigned(claims: SessionClaims & { signature: Buffer }, secret: string): boolean {
  return timingSafeEqual(claims.signature, signature(claims, secret));
}

function signature({ keyId, expiresAt }: SessionClaims, secret: string): Buffer {
  return createHmac('sha256', secret).update(`session|${keyId}|${expiresAt}`).digest();
}
