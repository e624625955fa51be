import { expect, test } from 'vitest';
import { segmentMetadata } from './metadata.ts';

test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
  ['nothing', {}, {}],
  ['properties', { properties: { total: 5, items: [{ sku: 'a' }] } }, { total: 5, items: [{ sku: 'a' }] }],
  ['properties that are none', { properties: [1] }, { properties: [1] }],
  [
    'ids and names',
    { anonymousId: 'a', groupId: 'g', previousId: 'p', name: 'Home', category: 'shop', channel: 'server' },
    { anonymousId: 'a', groupId: 'g', previousId: 'p', name: 'Home', category: 'shop', channel: 'server' },
  ],
  ['no ids', { anonymousId: null, userId: 'u', traits: null, context: null }, {}],
  [
    'what enrichment reads',
    {
      context: {
        ip: '203.0.113.7',
        userAgent: 'Mozilla/5.0',
        locale: 'de-DE',
        timezone: 'Europe/Berlin',
        library: { name: 'analytics.js', version: '1' },
        page: { url: 'https://shop.example/a?b', path: '/a', referrer: '', title: 'A', search: '?b' },
        campaign: { name: 'spring', source: 'mail', medium: 'cpc', id: 7 },
      },
    },
    {
      ip: '203.0.113.7',
      userAgent: 'Mozilla/5.0',
      locale: 'de-DE',
      timezone: 'Europe/Berlin',
      library: { name: 'analytics.js', version: '1' },
      url: 'https://shop.example/a?b',
      path: '/a',
      title: 'A',
      search: '?b',
      utm_campaign: 'spring',
      utm_source: 'mail',
      utm_medium: 'cpc',
      utm_id: 7,
    },
  ],
  [
    'the rest of a context',
    {
      context: {
        os: { name: 'iOS' },
        page: { url: '/', hash: '#a' },
        campaign: 'x',
        device: { type: 'ios' },
      },
    },
    {
      url: '/',
      context: { os: { name: 'iOS' }, page: { hash: '#a' }, campaign: 'x', device: { type: 'ios' } },
    },
  ],
  ['a context that is none', { context: 'x' }, { context: 'x' }],
  [
    'traits of both kinds',
    { traits: { plan: 'pro' }, context: { traits: { plan: 'free', email: 'a@b.example' } } },
    { traits: { plan: 'pro', email: 'a@b.example' } },
  ],
  ['traits that are none', { traits: 'x', context: { traits: { a: 1 } } }, { traits: 'x' }],
  [
    'a page that says all twice',
    { name: 'Home', properties: { name: 'Home', url: '/a' }, context: { page: { url: '/a' } } },
    { name: 'Home', url: '/a' },
  ],
  [
    'properties of the same names',
    {
      properties: { url: '/b', url_: 1, anonymousId: 'mine' },
      anonymousId: 'a',
      context: { page: { url: '/a' } },
    },
    { url: '/b', url_: 1, url__: '/a', anonymousId: 'mine', anonymousId_: 'a' },
  ],
])('%s', (_, call, metadata) => {
  const before = structuredClone(call);
  expect(segmentMetadata(call)).toEqual(metadata);
  expect(call).toEqual(before);
});
