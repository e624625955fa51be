import { expect, test } from 'vitest';
import { createHostCheck } from './http-host.ts';

test.each<[string | undefined, boolean]>([
  [undefined, true],
  ['', true],
  ['localhost', true],
  ['localhost:3000', true],
  ['LOCALHOST.', true],
  ['app.localhost:3000', true],
  ['127.0.0.1:3000', true],
  ['10.1.2.3', true],
  ['[::1]:3000', true],
  ['[::1]', true],
  ['producer:3000', true],
  ['evil.example', false],
  ['evil.example:3000', false],
  ['localhost.evil.example', false],
  ['127.0.0.1.evil.example', false],
  ['127.0.0.1.', true],
  ['a b', false],
  ['shop.example', true],
  ['Shop.Example:443', true],
  ['www.shop.example', false],
])('without keys a request for %s is served: %s', (host, served) => {
  const isAllowed = createHostCheck({ open: true, allowed: ['shop.example'] });
  expect(isAllowed(host)).toBe(served);
  expect(isAllowed(host)).toBe(served);
});

test('where keys are needed, or any name is allowed, every name is served', () => {
  expect(createHostCheck({ open: false })('evil.example')).toBe(true);
  expect(createHostCheck({ open: true, allowed: ['*'] })('evil.example')).toBe(true);
});
