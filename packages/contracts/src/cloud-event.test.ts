import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { cloudEventId } from './cloud-event.ts';
import { maxIdBytes } from './ids.ts';

test('an event id is source and id', () => {
  expect(cloudEventId('/shop', '17')).toBe('/shop#17');
});

test.each([
  ['as long as an id may be', '/shop', 'x'.repeat(maxIdBytes - 6), false],
  ['one byte longer', '/shop', 'x'.repeat(maxIdBytes - 5), true],
  ['longer in bytes than in characters', '/shop', 'é'.repeat(400), true],
  // As it is it would be the id of another event: blanks at the end are cut off.
  ['with a blank at its end', '/shop', '17 ', true],
])('%s', (_, source, id, hashed) => {
  const text = `${source}#${id}`;
  const expected = hashed ? createHash('sha256').update(text, 'utf8').digest('hex') : text;
  expect(cloudEventId(source, id)).toBe(expected);
});
