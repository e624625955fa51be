// Addresses and networks of the internet protocol: parsed once, and compared as what they are, not as they
// are written.
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** A network: its first address, and how many bits are the same in all of its addresses. */
export interface Network {
  /** As {@link canonicalAddress} writes it. */
  address: string;
  bits: number;
  version: 4 | 6;
}

type Parsed = ReturnType<typeof ipaddr.process>;

/** IPv4 in IPv6 form is IPv4. Only the forms that Node takes: no octal numbers, no missing parts. */
function parse(text: string): Parsed | undefined {
  return isIP(text) === 0 ? undefined : ipaddr.process(text.replace(/%.*$/, ''));
}

/**
 * An address as RFC 5952 writes it: lower case, the longest zeros left out, IPv4 for an IPv4 address in IPv6
 * form; undefined where the text is no address.
 * @example canonicalAddress('::FFFF:203.0.113.7') // '203.0.113.7'
 */
export function canonicalAddress(text: string): string | undefined {
  // The most, as they are: Node takes only one form of IPv4.
  return isIP(text) === 4 ? text : parse(text)?.toString();
}

/**
 * A network in CIDR form, or an address alone; undefined where the text is neither.
 * @example parseNetwork('2001:DB8:0::1/48') // { address: '2001:db8::', bits: 48, version: 6 }
 */
export function parseNetwork(text: string): Network | undefined {
  const [written = '', length, ...more] = text.split('/');
  const address = parse(written);
  if (address === undefined || more.length > 0) return undefined;
  const version = versionOf(address);
  const most = version === 4 ? 32 : 128;
  if (length === undefined) return { address: address.toString(), bits: most, version };
  // The length of an IPv4 network in IPv6 form counts the 96 bits before it.
  const bits = Number(length) - (version === 4 && isIP(written) === 6 ? 96 : 0);
  if (!/^\d{1,3}$/.test(length) || bits < 0 || bits > most) return undefined;
  return { address: first(address, bits).toString(), bits, version };
}

/** Whether a text is an address of a network. */
export function isWithin(text: string, { address, bits, version }: Network): boolean {
  const found = parse(text);
  return found !== undefined && versionOf(found) === version && first(found, bits).toString() === address;
}

/** The network of an address, with `bits` bits, in CIDR form; undefined where the text is no address. */
export function networkOf(text: string, bits: { 4: number; 6: number }): string | undefined {
  const address = parse(text);
  if (address === undefined) return undefined;
  const length = bits[versionOf(address)];
  return `${first(address, length).toString()}/${length}`;
}

function versionOf(address: Parsed): 4 | 6 {
  return address.kind() === 'ipv4' ? 4 : 6;
}

function first(address: Parsed, bits: number): Parsed {
  const bytes = address.toByteArray();
  return ipaddr.fromByteArray(
    bytes.map((byte, index) => byte & (0xff << (8 - Math.min(8, Math.max(0, bits - 8 * index))))),
  );
}
