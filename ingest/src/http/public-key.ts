// Public keys, which web pages hold: where they may stand besides a header, and for which pages they are.
import { isUtf8 } from 'node:buffer';
import { isSecretForm } from '@activity/service';
import type { Failure, Identity, PublicKeys } from '@activity/service';
import { fieldsOf, jsonOf } from '../json-values.ts';

/**
 * The key in a URL's query, as `writeKey` or `key`: what a page can send without a header, and so without a
 * preflight request. Undefined where there is none.
 */
export function keyInQuery(url: string): string | undefined {
  const start = url.indexOf('?');
  if (start < 0) return undefined;
  const query = new URLSearchParams(url.slice(start + 1));
  return query.get('writeKey') ?? query.get('key') ?? undefined;
}

/** A body with a key in it. */
export interface KeyedBody {
  key: string;
  /** The rest of the body. */
  rest: Record<string, unknown>;
}

/**
 * The key at the top of a JSON object, as `writeKey` or `key`: where `navigator.sendBeacon` can put it.
 * Undefined where the bytes are something else.
 */
export function keyInBody(bytes: Buffer): KeyedBody | undefined {
  if (!isUtf8(bytes)) return undefined;
  const fields = fieldsOf(jsonOf(bytes.toString('utf8'))) ?? {};
  for (const name of ['writeKey', 'key']) {
    const { [name]: key, ...rest } = fields;
    if (typeof key === 'string') return { key, rest };
  }
  return undefined;
}

/** Who sends with a key that stands in a URL or a body; or why it is refused. */
export function holderOf(key: string, publicKeys: PublicKeys): Identity | Failure {
  if (isSecretForm(key)) return { kind: 'forbidden', message: secretElsewhere };
  return publicKeys.identify(key) ?? { kind: 'unauthorized' };
}

const secretElsewhere =
  'a secret API key goes into a header: in a URL or a body others can read it. Revoke it, and give pages a public one (npm run keys -- create --public)';

/**
 * Why a page may not use a public key; undefined where it may. What sends no `Origin` is no page of another
 * site; whoever copies the key into a program of their own can send any, so that the origin protects nothing
 * else.
 */
export function originRefusal({ origins, keyId }: Identity, origin: string | undefined): Failure | undefined {
  if (origins === undefined || origin === undefined || origins.allow(origin)) return undefined;
  return {
    kind: 'forbidden',
    message: `the public key ${keyId} is not for pages of this origin: npm run keys -- origins ${keyId} --origin …`,
  };
}
