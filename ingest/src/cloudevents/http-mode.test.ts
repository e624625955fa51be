import { expect, test } from 'vitest';
import { decodeHeader, modeOf } from './http-mode.ts';

test.each([
  [undefined, 'binary'],
  ['', 'binary'],
  ['application/json', 'binary'],
  ['text/plain; charset=utf-8', 'binary'],
  ['application/cloudevents+json', 'structured'],
  ['Application/CloudEvents+JSON; charset=UTF-8', 'structured'],
  ['application/cloudevents-batch+json', 'batch'],
  ['application/cloudevents-batch+json;charset=utf-8', 'batch'],
  ['application/cloudevents+avro', 'unsupported'],
  ['application/cloudevents-batch+xml', 'unsupported'],
  ['application/cloudevents', 'unsupported'],
])('%j is %s', (contentType, mode) => {
  expect(modeOf(contentType)).toBe(mode);
});

test.each([
  // Examples of the HTTP binding 1.0.2.
  ['Euro%20%E2%82%AC%20%F0%9F%98%80', 'Euro € 😀'],
  ['a plain text', 'a plain text'],
  ['100%25', '100%'],
  // Decoded once.
  ['%2541', '%41'],
  ['%e2%82%ac', '€'],
  // Before 1.0.2 values with blanks were quoted.
  ['"a \\"quoted\\" text"', 'a "quoted" text'],
  ['"50%25 \\\\"', '50% \\'],
  ['half"quoted', 'half"quoted'],
  // UTF-8 that was not encoded, as Node reads it.
  [Buffer.from('Grüße').toString('latin1'), 'Grüße'],
  ['', ''],
])('%j is %j', (value, text) => {
  expect(decodeHeader(value)).toBe(text);
});

test.each(['50%', '%4', '%zz', '%ff', '\xff', '%ed%a0%80'])('%j cannot be decoded', (value) => {
  expect(decodeHeader(value)).toBeUndefined();
});
