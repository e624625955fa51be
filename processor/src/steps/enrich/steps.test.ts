import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { isIPv4, isIPv6 } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EnrichedLog } from '@activity/contracts';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mmdbOf } from '../../testing/mmdb.ts';
import { readAddress } from './address.ts';
import { readUserAgent } from './client.ts';
import { enrichments, enrichSteps, type Enrichment, type StepsOptions } from './steps.ts';

const iphone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1';
const chrome =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';
const googlebot = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';

const plain: StepsOptions = {
  off: [],
  geoDatabase: undefined,
  privacy: { ip: 'keep', dropFields: [], hashFields: [], hashKey: 'a key of some length' },
};

function enriched(
  metadata: Record<string, unknown>,
  options: Partial<StepsOptions> = {},
  activityType = 'PAGE_VIEW',
): EnrichedLog {
  const at = '2026-01-02T03:04:05.678Z';
  const log: EnrichedLog = {
    _id: 1,
    eventId: 'e',
    userId: 'u',
    activityType,
    metadata,
    timestamp: at,
    receivedAt: at,
    createdAt: at,
  };
  for (const { step } of enrichSteps({ ...plain, ...options })) step(log);
  return log;
}

describe('client and bot', () => {
  test.each([
    [iphone, { browser: 'Safari', os: 'iOS', device: 'mobile' }, false],
    [chrome, { browser: 'Chrome', os: 'Windows', device: 'desktop' }, false],
    [googlebot, { browser: 'Googlebot', device: 'bot' }, true],
  ])('%s', (userAgent, client, bot) => {
    expect(enriched({ userAgent })).toMatchObject({ client, bot });
  });

  test('without a user agent the device is what the client says', () => {
    expect(enriched({ device: 'mobile' }).client).toEqual({ device: 'mobile' });
    expect(enriched({ device: 7 })).not.toHaveProperty('client');
    expect(enriched({})).not.toHaveProperty('bot');
  });

  test('no text makes the reader throw', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'binary' }), (text) => {
        expect(readUserAgent(text)).toHaveProperty('bot');
      }),
    );
  });
});

describe('address', () => {
  test.each([
    ['203.0.113.77', { version: 4, prefix: '203.0.113.0/24' }],
    ['::ffff:203.0.113.77', { version: 4, prefix: '203.0.113.0/24' }],
    ['2001:DB8:0012:34::1', { version: 6, prefix: '2001:db8:12::/48' }],
    ['2001:db8::1', { version: 6, prefix: '2001:db8:0::/48' }],
    ['::1', { version: 6, prefix: '0:0:0::/48' }],
    ['fe80::1%eth0', { version: 6, prefix: 'fe80:0:0::/48' }],
    ['64:ff9b::192.0.2.33', { version: 6, prefix: '64:ff9b:0::/48' }],
    ['1:2:3:4:5:6:7:8', { version: 6, prefix: '1:2:3::/48' }],
    ['localhost', undefined],
    ['1.2.3', undefined],
  ])('%s', (ip, address) => {
    expect(enriched({ ip }).address).toEqual(address);
  });

  test.each([
    ['2001:DB8:0::5', '2001:db8::5'],
    ['2001:0db8:0:0:0:0:0:5', '2001:db8::5'],
    ['::FFFF:203.0.113.7', '203.0.113.7'],
    ['FE80::1%eth0', 'fe80::1%eth0'],
    ['203.0.113.7', '203.0.113.7'],
    ['nonsense', 'nonsense'],
  ])('%s is stored as %s', (ip, written) => {
    expect(enriched({ ip, other: 1 }).metadata).toEqual({ ip: written, other: 1 });
  });

  test('of any address is one again', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (ip) => {
        const address = readAddress(ip);
        const network = address?.prefix.slice(0, address.prefix.indexOf('/')) ?? '';
        expect(address?.version === 4 ? isIPv4(network) : isIPv6(network)).toBe(true);
      }),
    );
  });
});

describe('page', () => {
  test.each([
    [{ referrer: 'https://news.example/a?b' }, { referrer: 'news.example' }],
    [
      { url: 'https://shop.example/?x=1&utm_source=mail&utm_campaign=spring%20sale#top' },
      { source: 'mail', campaign: 'spring sale' },
    ],
    [{ utm_medium: 'cpc', url: '/p?utm_medium=other' }, { medium: 'cpc' }],
    [{ referrer: 'nonsense', url: '/p?x' }, undefined],
  ])('%j', (metadata, page) => {
    expect(enriched(metadata).page).toEqual(page);
    expect(enriched(metadata, {}, 'LOGIN').page).toBeUndefined();
  });
});

test('place: what a MaxMind file says of an address', () => {
  const folder = mkdtempSync(join(tmpdir(), 'places-'));
  const geoDatabase = join(folder, 'city.mmdb');
  try {
    const city = { names: { en: 'London' } };
    writeFileSync(
      geoDatabase,
      mmdbOf({
        '81.2.69.0/24': { country: { iso_code: 'GB' }, city },
        '2a02:cf40::/29': { country: { iso_code: 'NO' } },
        '9.9.9.0/24': { continent: { code: 'NA' } },
      }),
    );
    const placeOf = (ip: string, off: Enrichment[] = []): unknown =>
      enriched({ ip }, { geoDatabase, off }).place;
    for (let again = 0; again < 2; again++) {
      expect(placeOf('81.2.69.142')).toEqual({ country: 'GB', city: 'London' });
      expect(placeOf('::ffff:81.2.69.1')).toEqual({ country: 'GB', city: 'London' });
      expect(placeOf('2a02:cf41::7')).toEqual({ country: 'NO' });
      expect(placeOf('81.2.70.1')).toBeUndefined();
      expect(placeOf('9.9.9.9')).toBeUndefined();
      expect(placeOf('nowhere')).toBeUndefined();
    }
    expect(placeOf('81.2.69.142', ['place'])).toBeUndefined();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('privacy', () => {
  const metadata = { ip: '203.0.113.77', email: 'a@b.example', name: 'N', plan: 'free' };

  test('truncates addresses, drops and hashes fields, and keeps the rest', () => {
    const privacy = {
      ip: 'truncate',
      dropFields: ['name'],
      hashFields: ['email'],
      hashKey: 'a key of some length',
    } as const;
    const log = enriched(metadata, { privacy });
    expect(log.metadata).toEqual({
      ip: '203.0.113.0',
      email: expect.stringMatching(/^[\w-]{22}$/) as string,
      plan: 'free',
    });
    expect(enriched(metadata, { privacy }).metadata).toEqual(log.metadata);
    const otherKey = { ...privacy, hashKey: 'another key of some length' };
    expect(enriched(metadata, { privacy: otherKey }).metadata['email']).not.toBe(log.metadata['email']);
    expect(metadata.name).toBe('N');
  });

  test('hashes addresses', () => {
    const privacy = { ip: 'hash', dropFields: [], hashFields: [], hashKey: 'a key of some length' } as const;
    expect(enriched(metadata, { privacy }).metadata['ip']).toMatch(/^[\w-]{22}$/);
    expect(enriched({ ip: { odd: 1 } }, { privacy: { ...privacy, ip: 'truncate' } }).metadata).toEqual({
      ip: null,
    });
  });

  test('cannot be switched off with the other steps, and comes last', () => {
    const off = enrichments;
    const privacy = { ip: 'truncate', dropFields: [], hashFields: [], hashKey: '' } as const;
    expect(enrichSteps({ off, geoDatabase: undefined, privacy }).map(({ name }) => name)).toEqual([
      'privacy',
    ]);
    expect(enrichSteps({ ...plain, off })).toEqual([]);
    expect(enrichSteps({ ...plain, privacy }).at(-1)?.name).toBe('privacy');
  });
});
