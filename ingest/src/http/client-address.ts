// Where a request comes from: the peer's address, or what a trusted proxy says.
import { BlockList, isIP } from 'node:net';
import { canonicalAddress, networkOf, parseNetwork } from '@activity/contracts';

/** A proxy list that is not one. */
export class ProxyListError extends Error {}

/** Reads a list of addresses and networks in CIDR form; undefined where it is empty. */
export function proxyList(entries: readonly string[]): BlockList | undefined {
  if (entries.length === 0) return undefined;
  const list = new BlockList();
  for (const entry of entries) {
    const network = parseNetwork(entry);
    if (network === undefined) throw new ProxyListError(`${entry} is not an address or a network`);
    list.addSubnet(network.address, network.bits, `ipv${network.version}`);
  }
  return list;
}

/**
 * The client's address. `X-Forwarded-For` is believed only from a trusted proxy, and read from its end: the
 * last address that is no trusted proxy is the client; what stands before it, the client may have written
 * itself.
 */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | undefined,
  trusted: BlockList | undefined,
): string {
  let address = plain(peer ?? '');
  if (trusted === undefined) return address;
  const hops = forwardedFor?.split(',') ?? [];
  while (isTrusted(address, trusted) && hops.length > 0) {
    const hop = plain(hops.pop() ?? '');
    if (isIP(hop) === 0) break;
    address = hop;
  }
  return address;
}

/** What an address is limited by: itself, or for IPv6 its /64, which one subscriber has whole. */
export function addressGroup(address: string): string {
  return address.includes(':') ? (networkOf(address, { 4: 32, 6: 64 }) ?? address) : address;
}

function isTrusted(address: string, trusted: BlockList): boolean {
  const version = isIP(address);
  return version !== 0 && trusted.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

// As it is compared with others; a port and brackets are not part of an address.
function plain(text: string): string {
  if (isIP(text) === 4) return text;
  const trimmed = text.trim();
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(trimmed)?.[1];
  const address =
    bracketed ?? (/^\d+\.\d+\.\d+\.\d+:\d+$/.test(trimmed) ? trimmed.replace(/:\d+$/, '') : trimmed);
  return canonicalAddress(address) ?? address;
}
