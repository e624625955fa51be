// Where a log came from: the filter by an address or by a network of any length, for MongoDB and for one log.
//
// The processor stores an address as text (`metadata.ip`) and its network of /24 or /48 as text
// (`address.prefix`), both indexed. A shorter network is many of those networks, a longer one is a part of
// one.
import { isIP } from 'node:net';
import { isWithin, parseNetwork, type Network } from '@activity/contracts';
import type { Filter } from 'mongodb';
import type { LogDocument } from './log-json.ts';

/** The lengths of the networks that the processor stores. */
const storedBits = { 4: 24, 6: 48 } as const;
/** MongoDB merges up to 200 ranges of an index in their order. With more, it sorts what it finds. */
const mostListed = 128;

/**
 * An address, or a network in CIDR form, each in one form; undefined where the text is neither. A network of
 * one address is that address.
 * @example canonicalPlace('203.0.113.7/22') // '203.0.112.0/22'
 */
export function canonicalPlace(text: string): string | undefined {
  const found = parseNetwork(text);
  if (found === undefined) return undefined;
  return found.bits === (found.version === 4 ? 32 : 128) ? found.address : `${found.address}/${found.bits}`;
}

/** The filter of MongoDB for a place in its canonical form. */
export function placeFilter(place: string): Filter<LogDocument> {
  const network = networkIn(place);
  if (network === undefined) return { 'metadata.ip': oneOf(writings(place)) };
  const { version, bits } = network;
  const further = storedBits[version] - bits;
  if (further < 0) {
    const within = version === 4 ? { $in: addressesOf(network).flatMap(writings) } : ofNetwork(network);
    return { 'address.prefix': prefixText(network), 'metadata.ip': within };
  }
  const listed = 2 ** further <= mostListed;
  return { 'address.prefix': listed ? oneOf(prefixesOf(network)) : prefixRange(network) };
}

/** The same for a log that has just been stored. */
export function isFrom(place: string): (log: LogDocument) => boolean {
  const network = networkIn(place);
  if (network === undefined) {
    const texts = new Set<unknown>(writings(place));
    return (log) => texts.has(log.metadata?.['ip']);
  }
  const within = (text: unknown): boolean => typeof text === 'string' && isWithin(text, network);
  if (network.bits <= storedBits[network.version]) return (log) => within(log.address?.prefix.split('/')[0]);
  const prefix = prefixText(network);
  return (log) => log.address?.prefix === prefix && within(log.metadata?.['ip']);
}

function networkIn(place: string): Network | undefined {
  return place.includes('/') ? parseNetwork(place) : undefined;
}

function oneOf(values: string[]): string | { $in: string[] } {
  const [only, ...more] = values;
  return only !== undefined && more.length === 0 ? only : { $in: values };
}

/**
 * The texts that an address has in logs. The processor writes it in its one form; logs of before, and those
 * of a processor without that step, have what clients usually write.
 */
function writings(address: string): string[] {
  if (isIP(address) === 4) {
    const [a = 0, b = 0, c = 0, d = 0] = unitsOf(address);
    const mapped = [
      `::ffff:${address}`,
      `::ffff:${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`,
    ];
    return [address, ...mapped, ...mapped.map((text) => text.toUpperCase())];
  }
  const groups = unitsOf(address).map((unit) => unit.toString(16));
  const forms = [address, groups.join(':'), groups.map((group) => group.padStart(4, '0')).join(':')];
  return [...new Set([...forms, ...forms.map((text) => text.toUpperCase())])];
}

/** The four bytes of an IPv4 address, or the eight groups of an IPv6 one. */
function unitsOf(address: string): number[] {
  if (isIP(address) === 4) return address.split('.').map(Number);
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16));
}

/** The network of /24 or /48 that begins with these units, as the processor writes it. */
function prefixOf(version: 4 | 6, [a = 0, b = 0, c = 0]: readonly number[]): string {
  if (version === 4) return `${a}.${b}.${c}.0/24`;
  return `${[a, b, c].map((unit) => unit.toString(16)).join(':')}::/48`;
}

function prefixText({ version, address }: Network): string {
  return prefixOf(version, unitsOf(address));
}

/** The networks of /24 or /48 that a shorter one is made of: they differ in the third unit alone. */
function prefixesOf({ version, address, bits }: Network): string[] {
  const [a = 0, b = 0, c = 0] = unitsOf(address);
  const count = 2 ** (storedBits[version] - bits);
  return Array.from({ length: count }, (_, index) => prefixOf(version, [a, b, c + index]));
}

/** The addresses of a network that is longer than /24. */
function addressesOf({ address, bits }: Network): string[] {
  const [a = 0, b = 0, c = 0, d = 0] = unitsOf(address);
  return Array.from({ length: 2 ** (32 - bits) }, (_, index) => `${a}.${b}.${c}.${d + index}`);
}

/** A range of an index, narrowed by a pattern. */
interface TextRange {
  $regex: string;
  $gte?: string;
  $lt?: string;
}

/** What the stored networks within a shorter one begin with. */
function prefixRange({ version, address, bits }: Network): TextRange {
  const size = version === 4 ? 8 : 16;
  const separator = version === 4 ? '.' : ':';
  const units = unitsOf(address);
  const whole = Math.floor(bits / size);
  const given = units.slice(0, whole).map((unit) => unit.toString(version === 4 ? 10 : 16) + separator);
  const [unit = 0] = units.slice(whole);
  const part = version === 4 ? bytePattern(unit, bits % size) : groupPattern(unit, bits % size);
  const begin = given.join('');
  const $regex = `^${begin.replaceAll('.', '\\.')}${part}${separator === '.' ? '\\.' : ':'}`;
  if (begin === '') return { $regex };
  // MongoDB finds no range of the index in a pattern that has alternatives.
  const next = String.fromCodePoint((separator.codePointAt(0) ?? 0) + 1);
  return { $regex, $gte: begin, $lt: begin.slice(0, -1) + next };
}

/** A byte of an IPv4 address, of which `given` bits are known: fewer than all. */
function bytePattern(byte: number, given: number): string {
  if (given === 0) return '[0-9]{1,3}';
  return `(?:${Array.from({ length: 2 ** (8 - given) }, (_, index) => byte + index).join('|')})`;
}

/** A group of an IPv6 address, of which `given` bits are known, without leading zeros. */
function groupPattern(group: number, given: number): string {
  if (given <= 0) return '[0-9a-f]{1,4}';
  if (given >= 16) return group.toString(16);
  const digits = Math.floor((16 - given) / 4);
  const one = 16 ** digits;
  const first = Math.floor(group / one);
  const count = 2 ** ((16 - given) % 4);
  const alternatives = Array.from({ length: count }, (_, index) => {
    const begin = first + index;
    if (begin > 0) return begin.toString(16) + (digits > 0 ? `[0-9a-f]{${digits}}` : '');
    return digits > 0 ? `[0-9a-f]{1,${digits}}` : '0';
  });
  return `(?:${alternatives.join('|')})`;
}

/**
 * The writings of the addresses of an IPv6 network: all groups, or any run of groups that can be zero left
 * out; with leading zeros or without, in lower case or upper case, with a zone or without.
 */
function ofNetwork({ address, bits }: Network): { $regex: string; $options: 'i' } {
  const units = unitsOf(address);
  const groups = units.map((unit, index) => `0{0,3}${groupPattern(unit, bits - 16 * index)}`);
  const forms = [groups.join(':')];
  for (let from = 0; from < 8; from++) {
    for (let to = from; to < 8 && units[to] === 0; to++) {
      forms.push(`${groups.slice(0, from).join(':')}::${groups.slice(to + 1).join(':')}`);
    }
  }
  return { $regex: `^(?:${forms.join('|')})(?:%.*)?$`, $options: 'i' };
}
