import { describe, expect, test } from 'vitest';
import { addressGroup, clientAddress, proxyList } from './client-address.ts';

const trusted = proxyList(['10.0.0.0/8', '192.168.1.1', 'fd00::/8']);

describe('clientAddress', () => {
  test.each([
    ['1.2.3.4', undefined, '1.2.3.4'],
    ['1.2.3.4', '9.9.9.9', '1.2.3.4'], // not a proxy of ours: it may say what it likes
    ['10.1.1.1', '9.9.9.9', '9.9.9.9'],
    ['10.1.1.1', '6.6.6.6, 9.9.9.9', '9.9.9.9'], // the client wrote the first itself
    ['10.1.1.1', '9.9.9.9, 10.2.2.2, 192.168.1.1', '9.9.9.9'],
    ['10.1.1.1', '10.3.3.3', '10.3.3.3'],
    ['10.1.1.1', 'nonsense', '10.1.1.1'],
    ['10.1.1.1', '9.9.9.9, nonsense', '10.1.1.1'],
    ['10.1.1.1', '', '10.1.1.1'],
    ['10.1.1.1', '9.9.9.9:1234', '9.9.9.9'],
    ['::ffff:10.1.1.1', '[2001:db8::1]:1234', '2001:db8::1'],
    ['fd00::1', '::ffff:9.9.9.9', '9.9.9.9'],
    [undefined, '9.9.9.9', ''],
  ])('from %s with %s is %s', (peer, forwarded, address) => {
    expect(clientAddress(peer, forwarded, trusted)).toBe(address);
  });
});

describe('proxyList', () => {
  test.each(['10.0.0.0/33', 'example.com', '10.0.0.0/8/8', '10.0.0.0/x', '', '::/129'])(
    'refuses %j',
    (entry) => {
      expect(() => proxyList([entry])).toThrow('is not an address or a network');
    },
  );
});

describe('addressGroup', () => {
  test.each([
    ['1.2.3.4', '1.2.3.4'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8::/64'],
    ['::1', '::/64'],
    ['', ''],
  ])('%s is limited as %s', (address, group) => {
    expect(addressGroup(address)).toBe(group);
  });
});
