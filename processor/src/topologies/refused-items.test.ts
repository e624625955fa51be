import { refusedItem } from '@activity/contracts';
import { expect, test } from 'vitest';
import { headerOf, openPipeline } from '../testing/pipeline.ts';

test('an item that the edge could not read is a dead letter with the edge’s reason, as it came', () => {
  const { pipe, read, deadLetters } = openPipeline();
  const value = JSON.parse(refusedItem('{"type":"track","userId":"u1"}', 'event: must be named')) as object;
  pipe('u1', value, Date.parse('2026-03-01T12:00:00.000Z'));
  expect(read('enriched')).toEqual([]);
  const letters = deadLetters();
  const headers = ['dead-letter.reason', 'dead-letter.message'];
  expect(letters.map((letter) => headers.map((name) => headerOf(letter, name)))).toEqual([
    ['invalid', 'event: must be named'],
  ]);
  expect(JSON.parse(String(letters[0]?.value))).toEqual(value);
});
