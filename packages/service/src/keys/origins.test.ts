import { describe, expect, test } from 'vitest';
import { originOf, originsOf } from './origins.ts';

describe('originOf', () => {
  test.each([
    ['https://shop.example', 'https://shop.example'],
    [' HTTPS://Shop.Example:443/ ', 'https://shop.example'],
    ['http://localhost:5173', 'http://localhost:5173'],
    ['http://[::1]:80', 'http://[::1]'],
    ['https://bücher.example', 'https://xn--bcher-kva.example'],
    ['https://*.shop.example:8443', 'https://*.shop.example:8443'],
    ['https://*.Shop.co.uk', 'https://*.shop.co.uk'],
  ])('%j is %j', (text, origin) => {
    expect(originOf(text)).toBe(origin);
  });

  test.each([
    '',
    '*',
    'null',
    'shop.example',
    'ftp://shop.example',
    'https://shop.example/cart',
    'https://shop.example?a=1',
    'https://me@shop.example',
    'https://',
    'https://*',
    'https://*.com',
    'https://*.127.0.0.1',
    'https://shop.*.example',
    'https://*shop.example',
  ])('%j is none', (text) => {
    expect(() => originOf(text)).toThrow('is not an origin: write https://shop.example');
  });
});

describe('originsOf', () => {
  const origins = originsOf(['https://shop.example', 'https://*.brand.example', 'http://*.dev.example:8080']);

  test.each([
    'https://shop.example',
    'https://www.brand.example',
    'https://a.b.brand.example',
    'http://x.dev.example:8080',
  ])('allow %s', (origin) => {
    expect(origins.allow(origin)).toBe(true);
  });

  test.each([
    '',
    'null',
    'http://shop.example',
    'https://shop.example:8443',
    'https://www.shop.example',
    'https://shop.example.evil.example',
    'https://brand.example',
    'https://.brand.example',
    'https://evilbrand.example',
    'https://evil.example/.brand.example',
    'https://evil.example#.brand.example',
    'https://*.brand.example',
    'http://www.brand.example',
    'http://x.dev.example',
  ])('do not allow %s', (origin) => {
    expect(origins.allow(origin)).toBe(false);
  });
});
