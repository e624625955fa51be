// privacy: personal data in the metadata, cut, hashed or dropped before the log leaves the processor. The
// last of the steps.
import { createHmac } from 'node:crypto';
import { isIP } from 'node:net';
import type { EnrichStep } from '../enrich.ts';
import { readAddress } from './address.ts';

/** What happens to personal data. */
export interface PrivacyOptions {
  ip: 'keep' | 'truncate' | 'hash';
  dropFields: readonly string[];
  hashFields: readonly string[];
  /** The key of the hashes: without it nobody can try values out. */
  hashKey: string;
}

/**
 * Applies the options to `metadata.ip` and to the named fields of the metadata. Should it fail, nothing of
 * the metadata is kept: a log without it is better than one that shows what it must not.
 */
export function privacy({ ip, dropFields, hashFields, hashKey }: PrivacyOptions): EnrichStep {
  const drop = new Set(dropFields);
  const hashed = new Set(hashFields);

  function keyed(value: unknown): string {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return createHmac('sha256', hashKey).update(text).digest('base64url').slice(0, 22);
  }

  function safe(field: string, value: unknown): unknown {
    if (hashed.has(field)) return keyed(value);
    if (field !== 'ip' || ip === 'keep') return value;
    return ip === 'hash' ? keyed(value) : truncated(value);
  }

  return function protectPersonalData(log): void {
    const given = log.metadata;
    log.metadata = {};
    const metadata: Record<string, unknown> = {};
    for (const [field, value] of Object.entries(given)) {
      if (!drop.has(field)) metadata[field] = safe(field, value);
    }
    log.metadata = metadata;
  };
}

/** Without its end; what is no address is not kept, for it may be one in another form. */
function truncated(value: unknown): string | null {
  const address = typeof value === 'string' && isIP(value) > 0 ? readAddress(value) : undefined;
  return address?.prefix.slice(0, address.prefix.indexOf('/')) ?? null;
}
