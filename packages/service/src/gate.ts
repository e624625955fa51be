// What the gates of all services share: the headers of every response, request ids, and scopes.
import type { Failure } from './failure.ts';
import type { Scope } from './keys/api-key.ts';
import type { Identity } from './keys/authenticator.ts';

/** Headers of every response, unless a route sets others: nothing may frame, sniff or load it. */
export const secureHeaders = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

const requestIdPattern = /^[A-Za-z0-9._-]{1,64}$/;

/** A request's id: the client's, if it is fit for logs and headers, or a new one. */
export function requestIdOf(given: string | undefined, newId: () => string): string {
  return given !== undefined && requestIdPattern.test(given) ? given : newId();
}

/** Why a sender may not use what needs a scope; undefined if they may. */
export function scopeRefusal(scope: Scope | undefined, identity: Identity | undefined): Failure | undefined {
  if (scope === undefined) return undefined;
  if (identity === undefined) return { kind: 'unauthorized' };
  if (identity.scopes.has(scope)) return undefined;
  return { kind: 'forbidden', message: `the API key lacks the scope ${scope}` };
}
