import { expect, test } from 'vitest';
import { canonicalAddress, networkOf, parseNetwork } from './address.ts';

test.each<[string, string | undefined]>([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['::FFFF:CB00:7107', '203.0.113.7'],
  ['2001:DB8::5', '2001:db8::5'],
  ['2001:0db8:0000:0000:0000:0000:0000:0005', '2001:db8::5'],
  ['2001:db8:0:1:0:0:0:5', '2001:db8:0:1::5'],
  ['::1', '::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['', undefined],
  ['010.0.0.1', undefined],
  ['1.2.3', undefined],
  ['0x7f.1', undefined],
  ['2001:db8::/32', undefined],
  ['nonsense', undefined],
])('the address %s is %s', (text, canonical) => {
  expect(canonicalAddress(text)).toBe(canonical);
});

test.each<[string, string | undefined]>([
  ['203.0.113.7/24', '203.0.113.0/24'],
  ['203.0.113.7', '203.0.113.7/32'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['203.0.113.255/25', '203.0.113.128/25'],
  ['::ffff:203.0.113.7/120', '203.0.113.0/24'],
  ['2001:DB8::/48', '2001:db8::/48'],
  ['2001:db8:0:1:2::/48', '2001:db8::/48'],
  ['2001:db8::5', '2001:db8::5/128'],
  ['203.0.113.0/33', undefined],
  ['203.0.113.0/-1', undefined],
  ['203.0.113.0/', undefined],
  ['203.0.113.0/24/1', undefined],
  ['::ffff:203.0.113.7/24', undefined],
  ['2001:db8::/129', undefined],
  ['x/8', undefined],
])('the network %s is %s', (text, canonical) => {
  const network = parseNetwork(text);
  expect(network && `${network.address}/${network.bits}`).toBe(canonical);
});

test('the network that an address is in', () => {
  expect(networkOf('::ffff:203.0.113.7', { 4: 24, 6: 48 })).toBe('203.0.113.0/24');
  expect(networkOf('2001:DB8:1:2::3', { 4: 24, 6: 64 })).toBe('2001:db8:1:2::/64');
  expect(networkOf('x', { 4: 24, 6: 64 })).toBeUndefined();
});
