// address: the version of the IP address in `metadata.ip`, and its network without its end. The address
// itself is written in its one form, so that whoever compares texts compares addresses.
import { isIP } from 'node:net';
import { canonicalAddress } from '@activity/contracts';
import type { Address } from '@activity/contracts';
import type { EnrichStep } from '../enrich.ts';
import { metadataText } from './metadata-text.ts';

/** The first three groups of an IPv6 address, in lower case and without leading zeros. */
function firstGroups(ip: string): string[] {
  const [head = '', tail] = ip.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  // An address that ends in dotted form has two groups there.
  const length = before.length + after.length + (ip.includes('.') ? 1 : 0);
  const zeros = tail === undefined ? 0 : 8 - length;
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return groups.slice(0, 3).map((group) => Number.parseInt(group, 16).toString(16));
}

/** An address in its one form: an IPv4 address written as an IPv6 one is an IPv4 address. */
export function withoutMapping(text: string): string {
  return canonicalAddress(text) ?? text;
}

/** Reads an address; undefined for what is none. */
export function readAddress(text: string): Address | undefined {
  const ip = withoutMapping(text);
  switch (isIP(ip)) {
    case 4:
      return { version: 4, prefix: `${ip.slice(0, ip.lastIndexOf('.'))}.0/24` };
    case 6: {
      const zone = ip.indexOf('%');
      const groups = firstGroups(zone < 0 ? ip : ip.slice(0, zone));
      return { version: 6, prefix: `${groups.join(':')}::/48` };
    }
    default:
      return undefined;
  }
}

/** Adds `address`, and writes the IP address in its one form; a zone stays behind it. */
export function address(): EnrichStep {
  return function addAddress(log): void {
    const ip = metadataText(log, 'ip', 64);
    const found = ip === undefined ? undefined : readAddress(ip);
    if (ip === undefined || found === undefined) return;
    log.address = found;
    const zone = ip.includes('%') ? ip.slice(ip.indexOf('%')) : '';
    const written = withoutMapping(ip) + zone;
    if (written !== ip) log.metadata = { ...log.metadata, ip: written };
  };
}
