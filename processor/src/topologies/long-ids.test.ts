// Ids as long as the edge takes them, in every script: processed, known again, and erased.
import { maxIdBytes } from '@activity/contracts';
import { expect, test } from 'vitest';
import { headerOf, openPipeline } from '../testing/pipeline.ts';

const at = Date.parse('2026-03-01T12:00:00.000Z');
const time = new Date(at).toISOString();

function longest(text: string): string {
  return text.repeat(Math.floor(maxIdBytes / Buffer.byteLength(text)));
}

function event(userId: string, eventId: string): object {
  return { eventId, userId, activityType: 'LOGIN', metadata: {}, timestamp: time, receivedAt: time };
}

test.each(['x', 'é', '日', '🌍', '\u0001', '|'])('ids of %j as long as can be', (character) => {
  const { pipe, read, driver, deadLetters } = openPipeline();
  const userId = longest(character);
  const eventId = longest(character);
  pipe(userId, event(userId, eventId), at);
  pipe(userId, event(userId, eventId), at);
  // The same but for its last character.
  pipe(userId, event(userId, `${eventId.slice(0, -2)}--`), at);
  driver.crash();
  pipe(userId, event(userId, eventId), at);
  expect(read('enriched').map(({ value }) => value?.['userId'])).toEqual([userId, userId]);
  expect(read('counts')).not.toEqual([]);
  pipe(userId, { command: 'erase-user', userId, requestedAt: time }, at);
  expect(read('erasures').map(({ value }) => value?.['userId'])).toEqual([userId]);
  pipe(userId, event(userId, eventId), at);
  expect(read('users').at(-1)?.value).toMatchObject({ total: 1 });
  expect(deadLetters()).toEqual([]);
});

test.each(['userId', 'eventId'])(
  'a longer %s is a dead letter, and the next record is processed',
  (field) => {
    const { pipe, read, deadLetters } = openPipeline();
    const long = `${longest('日')}-`;
    const record = { ...event('u', 'e'), [field]: long };
    pipe(field === 'userId' ? long : 'u', record, at);
    pipe('u', event('u', 'e'), at);
    const [letter] = deadLetters();
    expect(letter && headerOf(letter, 'dead-letter.reason')).toBe('invalid');
    expect(letter && headerOf(letter, 'dead-letter.message')).toBe(
      `${field}: must not be longer than 768 bytes of UTF-8, and has 769`,
    );
    expect(read('enriched')).toHaveLength(1);
  },
);
