import { canonicalAddress } from '@activity/contracts';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LogDocument } from './log-json.ts';
import { canonicalPlace, isFrom, placeFilter } from './place.ts';

type Test = string | { $in?: string[]; $regex?: string; $options?: string; $gte?: string; $lt?: string };

/** What MongoDB does with such a filter. */
function finds(filter: Record<string, Test>, log: LogDocument): boolean {
  const values = new Map<string, unknown>([
    ['address.prefix', log.address?.prefix],
    ['metadata.ip', log.metadata?.['ip']],
  ]);
  return Object.entries(filter).every(([field, wanted]) => {
    const value = values.get(field);
    if (typeof value !== 'string') return false;
    if (typeof wanted === 'string') return value === wanted;
    const { $in, $regex, $options, $gte, $lt } = wanted;
    return (
      ($in === undefined || $in.includes(value)) &&
      ($regex === undefined || new RegExp($regex, $options).test(value)) &&
      ($gte === undefined || value >= $gte) &&
      ($lt === undefined || value < $lt)
    );
  });
}

/** An address of 4 or 16 bytes. */
interface TestAddress {
  text: string;
  /** All groups, with leading zeros. */
  long: string;
  /** As the processor writes the /24 or /48 of it. */
  prefix: string;
  /** IPv4 in the form of IPv6 is IPv4. */
  mapped: boolean;
}

function addressOf(of: readonly number[], flipped?: number): TestAddress {
  const bytes = [...of];
  if (flipped !== undefined) bytes[flipped >> 3] = (bytes[flipped >> 3] ?? 0) ^ (0x80 >> (flipped & 7));
  if (bytes.length === 4) {
    const text = bytes.join('.');
    return { text, long: text, prefix: `${bytes.slice(0, 3).join('.')}.0/24`, mapped: false };
  }
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i] ?? 0) * 256 + (bytes[2 * i + 1] ?? 0));
  const long = groups.map((group) => group.toString(16).padStart(4, '0')).join(':');
  const text = canonicalAddress(long) ?? '';
  const prefix = `${groups
    .slice(0, 3)
    .map((group) => group.toString(16))
    .join(':')}::/48`;
  return { text, long, prefix, mapped: text.includes('.') };
}

function logFrom({ text, prefix }: TestAddress, ip: string = text): LogDocument {
  return {
    metadata: { ip },
    address: { version: prefix.includes('.') ? 4 : 6, prefix },
  } as unknown as LogDocument;
}

// Many zeros: that is where the writings of one address differ.
const byte = fc.oneof(fc.constantFrom(0, 1, 10, 127, 128, 255), fc.nat(255));
const bytes = fc.oneof(
  fc.array(byte, { minLength: 4, maxLength: 4 }),
  fc.array(byte, { minLength: 16, maxLength: 16 }),
);

/** An address, and a network that it is in or that is near to it. */
const cases = bytes.chain((of) =>
  fc.record({
    of: fc.constant(of),
    bits: fc.nat(of.length * 8),
    /** The bit of the address that is another one in the network, if it has that bit. */
    flipped: fc.option(fc.nat(of.length * 8 - 1), { freq: 1, nil: undefined }),
  }),
);

describe('a network of any length', () => {
  test('has the addresses that it has by arithmetic, for MongoDB and for the tail', () => {
    fc.assert(
      fc.property(cases, ({ of, bits, flipped }) => {
        const address = addressOf(of);
        const network = addressOf(of, flipped);
        fc.pre(!address.mapped && !network.mapped);
        const place = canonicalPlace(`${network.text}/${bits}`) ?? '';
        const inside = flipped === undefined || flipped >= bits;
        const log = logFrom(address);
        expect([place, finds(placeFilter(place) as never, log)]).toEqual([place, inside]);
        expect([place, isFrom(place)(log)]).toEqual([place, inside]);
      }),
      { numRuns: 500 },
    );
  });

  test('has all writings of an IPv6 address', () => {
    fc.assert(
      fc.property(
        fc.array(byte, { minLength: 16, maxLength: 16 }),
        fc.integer({ min: 49, max: 128 }),
        fc.nat(3),
        (of, bits, how) => {
          const address = addressOf(of);
          fc.pre(!address.mapped);
          const place = canonicalPlace(`${address.text}/${bits}`) ?? '';
          const bare = address.long.replaceAll(/\b0{1,3}(?=[0-9a-f])/g, '');
          const texts = [bare, address.long, address.text, `${address.text}%eth0`];
          const text = texts[how] ?? '';
          fc.pre(place.includes('/') || how !== 3);
          for (const one of [text, text.toUpperCase()]) {
            const log = logFrom(address, one);
            expect([place, one, finds(placeFilter(place) as never, log)]).toEqual([place, one, true]);
            expect([place, one, isFrom(place)(log)]).toEqual([place, one, true]);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  test.each([
    ['203.0.113.7/22', '203.0.112.0/22'],
    ['203.0.113.7/32', '203.0.113.7'],
    ['::ffff:203.0.113.7/118', '203.0.112.0/22'],
    ['2001:DB8::5/128', '2001:db8::5'],
    ['2001:db8:1:2::/45', '2001:db8::/45'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['::/0', '::/0'],
    ['203.0.113.0/33', undefined],
    ['203.0.113/24', undefined],
    ['2001:db8::/129', undefined],
    ['203.0.113.0/24/24', undefined],
    ['', undefined],
  ])('%s is %s', (text, place) => {
    expect(canonicalPlace(text)).toBe(place);
  });

  test('is a range of the index where it is more networks than can be listed', () => {
    expect(placeFilter('10.0.0.0/8')).toEqual({
      'address.prefix': { $regex: '^10\\.[0-9]{1,3}\\.', $gte: '10.', $lt: '10/' },
    });
    expect(placeFilter('2001:db8::/32')).toEqual({
      'address.prefix': { $regex: '^2001:db8:[0-9a-f]{1,4}:', $gte: '2001:db8:', $lt: '2001:db8;' },
    });
    expect(placeFilter('203.0.112.0/22')).toEqual({
      'address.prefix': { $in: ['203.0.112.0/24', '203.0.113.0/24', '203.0.114.0/24', '203.0.115.0/24'] },
    });
  });

  test('never has a log without its address', () => {
    for (const place of ['0.0.0.0/0', '10.0.0.0/8', '10.0.0.0/30', '::/0', '2001:db8::/64', '10.0.0.1']) {
      expect([place, isFrom(place)({ metadata: {} } as LogDocument)]).toEqual([place, false]);
    }
  });
});
