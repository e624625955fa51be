// Who asks: a key in a header, or the session cookie of the page.
import { sessionCookie } from '@activity/service';
import type { Identity, SessionAuthenticator } from '@activity/service';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';

/** Who sent a request; undefined where neither key nor session is good. A key in a header comes first. */
export function identityOf(
  context: Context,
  authenticator: SessionAuthenticator,
  now: number,
): Identity | undefined {
  const authorization = context.req.header('authorization');
  const apiKey = context.req.header('x-api-key');
  if (authorization !== undefined || apiKey !== undefined || authenticator.open) {
    return authenticator.identify(authorization, apiKey);
  }
  const token = sessionOf(context);
  return token === undefined ? undefined : authenticator.identifySession(token, now);
}

/** Hands a session to the browser: not readable by scripts, not sent by other sites. */
export function giveSession(context: Context, token: string, maxAgeSeconds: number): void {
  setCookie(context, sessionCookie, token, { ...attributes(context), maxAge: maxAgeSeconds });
}

/** The token of the session that a request comes with; undefined where there is none. */
export function sessionOf(context: Context): string | undefined {
  return getCookie(context, sessionCookie);
}

/** Takes the session from the browser. */
export function takeSession(context: Context): void {
  deleteCookie(context, sessionCookie, attributes(context));
}

/**
 * Whether a request that changes something comes from the service's own page, or from no browser at all.
 * Browsers say where a request comes from, and no page can change what they say.
 */
export function isSameOrigin(context: Context): boolean {
  const site = context.req.header('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  const origin = context.req.header('origin');
  // The edge says which host it was asked for. A page of another site cannot say so: browsers would ask first
  // whether it may.
  const host = context.req.header('x-forwarded-host') ?? context.req.header('host');
  return origin === undefined || URL.parse(origin)?.host === host;
}

function attributes(context: Context): {
  path: string;
  httpOnly: true;
  sameSite: 'Strict';
  secure: boolean;
} {
  // The edge and other proxies say how the client came to them.
  const proto = context.req.header('x-forwarded-proto') ?? new URL(context.req.url).protocol.slice(0, -1);
  const secure = proto === 'https';
  return { path: '/', httpOnly: true, sameSite: 'Strict', secure };
}
